# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration that changes under a running ldirectord: ours is renamed into its place, whole."""

from __future__ import annotations

import pytest

from tests.ldirectord.harness import Ldirectord, block, needs_ldirectord, settings

pytestmark = needs_ldirectord

FIRST, SECOND = "192.168.6.2", "192.168.6.3"
REALS = [f"{FIRST}:80 gate", f"{SECOND}:80 gate"]
VIRTUAL = "virtual=10.0.0.1:80"
BEFORE = f"{VIRTUAL}\n" + "".join(f"    real={real}\n" for real in REALS) + "    checktype=on\n"
BOTH = {"TCP 10.0.0.1:80": {f"{FIRST}:80": 1, f"{SECOND}:80": 1}}
OTHER = {"TCP 10.0.0.2:80": BOTH["TCP 10.0.0.1:80"]}
WITHOUT_SECOND = {"TCP 10.0.0.1:80": {f"{FIRST}:80": 1}}


def test_autoreload_takes_up_what_was_renamed_into_place() -> None:
    head = settings("autoreload=yes")
    with Ldirectord() as ldirectord:
        ldirectord.answer(f"web/{SECOND}", "exit 1")
        other = block("virtual=10.0.0.2:80", ldirectord.wrapper("other"), REALS)
        ldirectord.start(head, BEFORE, other)
        # It remembers its file after the first sweep behind that of its start.
        ldirectord.wait_for_checks(f"other/{FIRST}", 2)
        assert ldirectord.table() == BOTH | OTHER
        ldirectord.configure(head, block(VIRTUAL, ldirectord.wrapper("web"), REALS), other)
        ldirectord.wait_for_table(WITHOUT_SECOND | OTHER)
        ldirectord.answer(f"web/{SECOND}", None)
        ldirectord.wait_for_table(BOTH | OTHER)


def test_the_same_file_read_again_leaves_healthy_servers_in_the_table() -> None:
    with Ldirectord() as ldirectord:
        ldirectord.answer(f"web/{SECOND}", "exit 1")
        ldirectord.start(settings(), block(VIRTUAL, ldirectord.wrapper("web"), REALS))
        ldirectord.wait_for_checks(f"web/{SECOND}", 1)
        ldirectord.wait_for_table(WITHOUT_SECOND)
        seen = len(ldirectord.told())
        ldirectord.hang_up()
        ldirectord.wait_for_log("Reloading Linux Director Daemon config on signal")
        ldirectord.wait_for_checks(f"web/{SECOND}", 0)
        assert ldirectord.table() == WITHOUT_SECOND
        told = ldirectord.told()[seen:]
        # A server that is down gets traffic for a moment at each reload: no file is written that need not be.
        assert [words for words in told if f" {SECOND}:80" in words] == [
            f"-a -t 10.0.0.1:80 -x 0 -y 0 -r {SECOND}:80 -g -w 1",
            f"-d -t 10.0.0.1:80 -r {SECOND}:80",
        ]
        assert not [words for words in told if f" {FIRST}:80" in words]


@pytest.mark.full
def test_why_a_file_is_tried_first_a_broken_one_makes_all_verdicts_void() -> None:
    wanted = f"web/{SECOND}"
    with Ldirectord() as ldirectord:
        good = (settings(), block(VIRTUAL, ldirectord.wrapper("web"), REALS))
        ldirectord.start(*good)
        ldirectord.wait_for_table(BOTH)
        ldirectord.configure(good[0], "no such directive\n", good[1])
        ldirectord.hang_up()
        ldirectord.wait_for_log("reading file")
        ldirectord.answer(wanted, "exit 1")
        ldirectord.wait_for_checks(wanted, 0)
        assert ldirectord.table() == BOTH
        ldirectord.configure(*good)
        ldirectord.hang_up()
        ldirectord.wait_for_table(WITHOUT_SECOND)
