# SPDX-License-Identifier: GPL-2.0-or-later
"""simpletcp and oracle: a request, and a line that matches; a connection, and nothing else."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.checks.simpletcp import LINE_OCTETS
from lvs_rawcheck.errors import UsageError
from tests.checks.text.scripts import conversation, feed, play, prepare


@pytest.mark.parametrize(
    ("receive", "script"),
    [
        ("^PONG", "S: PONG\nok: received"),
        ("^PONG", "S: hello\nS: PONG\nok: received 'PONG"),
        ("^PONG$", "S| PONG\\n\nok"),
        ("^PONG$", "S: PONG\nclose\nregex"),  # Perl's $ stands before a line feed, not before CR LF
        ("^PONG\\s*$", "S: PONG\nok"),
        ("PO.*NG", "S: PO\nS: NG\nclose\nregex: none of 2 lines matches"),
        ("PONG", "S| PON\nclose\nregex: the only line does not match 'PONG'; the last was 'PON'"),
        ("PONG", "S| PONG\nclose\nok"),
        ("PONG", "S| PONG\nsilence\ntimeout: a line that matches 'PONG' did not come"),
        ("PONG", "close\nclosed: closed before a line that matches 'PONG'"),
        ("[[:digit:]]\\z", "S| 7\nclose\nok"),
        ("\\x00", "S: a\\x00b\nok: received 'a\\x00b"),
        (None, "S: anything\nok: received 'anything"),
        (None, "S|\nclose\nclosed: closed before a line"),
        (None, "S| any\nclose\nok"),
    ],
)
def test_receive(receive: str | None, script: str) -> None:
    play(lambda: conversation("simpletcp", receive=receive), script)


@pytest.mark.parametrize(
    ("request_text", "said"),
    [
        ("PING\\n", b"PING\n"),
        ("PING\\r\\n", b"PING\\r\n"),  # check_simpletcp knows \n only
        ("/PING", b"/PING"),
        ("grün", "grün".encode()),
        ("\udcff", b"\xff"),
        ("", b""),
        (None, b""),
    ],
)
def test_request(request_text: str | None, said: bytes) -> None:
    talk = conversation("simpletcp", request=request_text)
    assert talk.connected() is None
    assert talk.octets_to_send() == said
    assert talk.octets_to_send() == b""


@pytest.mark.parametrize("receive", ["(", "(?R)", ""])
def test_a_pattern_that_does_not_compile_is_refused(receive: str) -> None:
    with pytest.raises(UsageError):
        prepare("simpletcp", receive=receive)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(UsageError, match="half a character"):
        prepare("simpletcp", request="\ud800")


@pytest.mark.parametrize("size", [1000, LINE_OCTETS * 2])
def test_a_line_without_an_end(size: int) -> None:
    talk = conversation("simpletcp", receive="x")
    verdicts = list(feed(talk, b"a" * LINE_OCTETS * 3, size))
    assert [verdict.reason for verdict in verdicts] == [Reason.RESPONSE]


@pytest.mark.parametrize("size", [1000, LINE_OCTETS * 2])
@pytest.mark.parametrize(("length", "reason"), [(LINE_OCTETS, Reason.OK), (LINE_OCTETS + 1, Reason.RESPONSE)])
def test_the_longest_line(size: int, length: int, reason: str) -> None:
    line = b"a" * (length - 2) + b"x\n"
    (verdict,) = feed(conversation("simpletcp", receive="x"), line, size)
    assert verdict.reason == reason


def test_lines_without_an_end_of_them() -> None:
    talk = conversation("simpletcp", receive="x")
    assert list(feed(talk, b"a line\n" * 100_000, 1400)) == []
    assert talk.awaiting() == "a line that matches 'x'"


def test_oracle_is_a_connection_and_says_so() -> None:
    verdict = conversation("oracle").connected()
    assert verdict is not None
    assert verdict.healthy
    assert "connection alone" in verdict.detail
