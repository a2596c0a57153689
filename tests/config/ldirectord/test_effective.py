# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of several places a value comes from."""

from __future__ import annotations

import pytest

from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.model import Virtual
from tests.config.ldirectord.texts import all_kinds, block, read, virtual


def under(text: str, *lines: str) -> Virtual:
    """Return the virtual server of a block under global lines."""
    return read(text + block(*lines)).site.virtuals[0]


@pytest.mark.parametrize(
    ("settings", "lines", "check", "negotiate"),
    [
        ("", (), 5, 30),
        ("checktimeout=7\n", (), 7, 7),
        ("negotiatetimeout=9\n", (), 9, 9),
        ("checktimeout=7\nnegotiatetimeout=9\n", (), 7, 9),
        ("checktimeout=7\nnegotiatetimeout=9\n", ("checktimeout=2",), 2, 2),
        ("checktimeout=7\nnegotiatetimeout=9\n", ("negotiatetimeout=4",), 4, 4),
        ("checktimeout=7\nnegotiatetimeout=9\n", ("negotiatetimeout=4", "checktimeout=2"), 2, 4),
    ],
)
def test_timeouts(settings: str, lines: tuple[str, ...], check: int, negotiate: int) -> None:
    found = under(settings, *lines)
    assert (found.checktimeout, found.negotiatetimeout) == (check, negotiate)


def test_counts() -> None:
    assert (under("").failurecount, under("").checkcount) == (1, 1)
    assert under("failurecount=3\n").failurecount == 3
    assert under("failurecount=3\n", "failurecount=2").failurecount == 2
    assert all_kinds("checkcount=2\n") == [kinds.CHECKCOUNT]
    assert all_kinds(block("checkcount=2")) == [kinds.CHECKCOUNT]


def test_an_interval_of_ones_own_needs_a_fork() -> None:
    assert under("").checkinterval == 10
    assert under("checkinterval=4\n", "checkinterval=2").checkinterval == 4
    assert under("checkinterval=4\nfork=yes\n", "checkinterval=2").checkinterval == 2
    assert all_kinds(block("checkinterval=2")) == [kinds.CHECKINTERVAL]
    assert all_kinds("fork=yes\n" + block("checkinterval=2")) == []


def test_quiescent_is_no_by_default() -> None:
    assert not under("").quiescent
    assert under("quiescent=yes\n").quiescent
    assert not under("quiescent=yes\n", "quiescent=no").quiescent


def test_defaults() -> None:
    found = virtual()
    assert (found.scheduler, found.httpmethod, found.checkcommand, found.persistent) == (
        "wrr",
        "GET",
        "/bin/true",
        None,
    )
    settings = read("").site.settings
    assert settings.cleanstop
    for name in ("fork", "autoreload", "readdquiescent", "supervised", "quiescent"):
        assert not getattr(settings, name)


def test_places_of_what_is_written() -> None:
    found = read("checktimeout=7\n" + block("checktype=ping", "checktype=connect"))
    virtual_server = found.site.virtuals[0]
    assert virtual_server.span_of("checktimeout") is None
    counting = virtual_server.span_of("checktype")
    assert counting is not None
    assert counting.line == 4
    assert found.site.settings.span_of("checktimeout") is not None
