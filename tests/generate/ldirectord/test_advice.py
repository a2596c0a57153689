# SPDX-License-Identifier: GPL-2.0-or-later
"""What a plan says of the whole: rounds, shared checks, reloads, fallbacks, further configurations."""

from __future__ import annotations

import pytest

from lvs_rawcheck.generate.report import all_warnings, to_json
from tests.generate.ldirectord.desk import PATH, REAL, block, octets_after, plan


def said(text: str, words: str, **options: object) -> list[str]:
    """Return the warnings that have these words in them."""
    return [warning for warning in all_warnings(plan(text, **options)) if words in warning]


def test_two_virtuals_that_shared_a_check() -> None:
    text = block(REAL, "real=192.0.2.12:80 gate", "service=http")
    text += block(REAL, "real=192.0.2.12:80 gate", "service=http", opening="virtual=192.0.2.2:80")
    (warning,) = said(text, "decides for all")
    assert "tcp:192.0.2.1:80, tcp:192.0.2.2:80: one check of each of 2 real servers" in warning
    (loop,) = said("checktimeout=3\ncheckinterval=2\n" + text, "fork=no")
    assert "4 checks a round (before: 2)" in loop
    assert "up to 14 s (before: 8 s), checkinterval 2 s included" in loop


@pytest.mark.parametrize("difference", ["real=192.0.2.11:80 gate 9", f"{REAL}\n\tvirtualhost=a.example", f"{REAL} 2"])
def test_ids_that_differ_are_not_shared(difference: str) -> None:
    text = block(REAL, "service=http") + block(difference, "service=http", opening="virtual=192.0.2.2:80")
    assert said(text, "decides for all") == []


def test_virtuals_that_fork_do_not_wait_for_each_other() -> None:
    assert said("fork=yes\n" + block(REAL, "service=http"), "fork=no") == []


def test_a_round_that_is_too_long_even_when_all_is_well() -> None:
    text = "checkinterval=1\n" + block("real=192.0.2.11->192.0.2.60:80 gate", "service=http")
    (warning,) = said(text, "even while all servers answer")
    assert "more than checkinterval (1 s)" in warning


@pytest.mark.parametrize(
    ("globals_", "words"),
    [
        ("autoreload=yes\n", "to write the file is to load it"),
        ("", "`ldirectord reload`"),
        ("", "puts servers that are down back for a moment"),
        ("fallback=127.0.0.1:80\n", "fallback servers are checked by nobody"),
        ("maintenancedir=/tmp\n", "maintenancedir /tmp goes on working"),
        ("execute=other\n", "another configuration"),
    ],
)
def test_what_is_worth_knowing(globals_: str, words: str) -> None:
    assert len(said(globals_ + block(REAL, "service=http"), words)) == 1


def test_servers_that_stay_out_are_not_put_back() -> None:
    assert said("readdquiescent=yes\n" + block(REAL, "service=http"), "for a moment") == []


def test_what_happens_by_writing_is_said_only_where_something_is_written() -> None:
    text = "autoreload=yes\n" + block(REAL, "service=http")
    assert said(octets_after(plan(text)).decode(), "to write the file") == []


def test_nothing_is_said_where_nothing_is_planned() -> None:
    assert said("autoreload=yes\nfallback=127.0.0.1:80\n" + block(REAL, "checktype=on"), "") == []


def test_notes_of_all_virtuals_are_said_once() -> None:
    text = "".join(
        block(REAL, "real=192.0.2.12:80 gate", "service=http", opening=f"virtual=192.0.2.{number}:80")
        for number in range(101, 107)
    )
    (warning,) = said(text, "a redirect")
    assert warning.startswith(
        "tcp:192.0.2.101:80, tcp:192.0.2.102:80, tcp:192.0.2.103:80, tcp:192.0.2.104:80 and 2 more:"
    )


def test_a_note_of_one_server_is_said_of_it() -> None:
    (warning,) = said(block(REAL, "real=192.0.2.12:81 gate", "service=http"), "port 81 was checked")
    assert "real_server 192.0.2.12:81" in warning


def test_the_report_for_programs() -> None:
    text = block(REAL, "service=http") + block(REAL, "checktype=on", opening="virtual=192.0.2.2:80")
    report = to_json(plan(text))
    assert report["file"] == PATH
    assert report["changes"] == [
        {
            "virtual_server": "tcp:192.0.2.1:80",
            "real_server": "192.0.2.11:80",
            "line": 2,
            "before": ["negotiate http"],
            "after": ["raw http 192.0.2.1:80 (tcp-192.0.2.1-80/192.0.2.11)"],
        }
    ]
    assert report["skipped"] == [
        {
            "virtual_server": "tcp:192.0.2.2:80",
            "real_server": "192.0.2.11:80",
            "line": 6,
            "reason": "on asks no service, its servers are always up: kept",
        }
    ]
