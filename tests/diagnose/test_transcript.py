# SPDX-License-Identifier: GPL-2.0-or-later
"""What was said, kept short and made harmless, however long and hostile the server."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.checks.narration import lines_of
from lvs_rawcheck.diagnose.transcript import (
    HEARD,
    LINE_CHARACTERS,
    NOTE,
    SAID,
    TURN_LINES,
    TURN_OCTETS,
    TURNS_MAX,
    Reader,
    Transcript,
)


def told(transcript: Transcript) -> list[str]:
    """Return the lines, each behind its direction."""
    return [f"{line.direction} {line.text}" for line in transcript.lines()]


def test_lines_are_told_in_order_each_way() -> None:
    transcript = Transcript()
    transcript.note("connected")
    transcript.tell(HEARD, b"220 ready\r\n", lines_of)
    transcript.tell(SAID, b"EHLO a\r\n", lines_of, apart=True)
    transcript.tell(SAID, b"QUIT\r\n", lines_of, apart=True)
    transcript.note("closed")
    assert told(transcript) == ["* connected", "< 220 ready", "> EHLO a", "> QUIT", "* closed"]
    times = [line.time for line in transcript.lines()]
    assert times == sorted(times)


def test_what_came_in_pieces_is_told_whole() -> None:
    transcript = Transcript()
    for octet in b"HTTP/1.1 200 OK\r\nServer: x\r\n":
        transcript.tell(HEARD, bytes([octet]), lines_of)
    assert told(transcript) == ["< HTTP/1.1 200 OK", "< Server: x"]


def test_datagrams_are_told_each_for_itself() -> None:
    seen: list[bytes] = []

    def describe(octets: bytes) -> list[str]:
        seen.append(octets)
        return ["a datagram"]

    transcript = Transcript()
    for datagram in (b"one", b"two"):
        transcript.tell(HEARD, datagram, describe, apart=True)
    assert told(transcript) == ["< a datagram", "< a datagram"]
    assert seen == [b"one", b"two"]


def test_a_long_answer_is_cut_and_what_is_left_out_is_counted() -> None:
    transcript = Transcript()
    transcript.tell(HEARD, b"y\n" * TURN_OCTETS, lines_of)
    lines = told(transcript)
    assert lines[:TURN_LINES] == ["< y"] * TURN_LINES
    left_out = TURN_OCTETS // 2 - TURN_LINES
    assert lines[TURN_LINES:] == [f"< ... {left_out} lines and {TURN_OCTETS} octets more"]


def test_a_long_line_is_cut() -> None:
    transcript = Transcript()
    transcript.tell(HEARD, b"z" * (LINE_CHARACTERS + 1), lines_of)
    assert told(transcript) == [f"< {'z' * LINE_CHARACTERS}..."]


def test_an_endless_answer_takes_no_room() -> None:
    transcript = Transcript()
    tracemalloc.start()
    for _ in range(1000):
        transcript.tell(HEARD, b"x" * 65536, lines_of)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000
    assert transcript.lines()[-1].text.endswith(f"{65_536_000 - TURN_OCTETS} octets more")


def test_an_endless_conversation_takes_no_room_and_its_end_is_told() -> None:
    transcript = Transcript()
    for _ in range(10 * TURNS_MAX):
        transcript.tell(SAID, b"NOOP\r\n", lines_of, apart=True)
        transcript.tell(HEARD, b"250 ok\r\n", lines_of)
    transcript.note("timeout: it never ended")
    lines = told(transcript)
    assert len(lines) == TURNS_MAX + 2
    assert lines[-2:] == ["* and so on: the rest is not told", "* timeout: it never ended"]


@pytest.mark.parametrize("text", ["red \x1b[31m", "bell \a", "back\b\r", "\x9b31m", "turned \u202e round"])
def test_nothing_speaks_to_the_terminal(text: str) -> None:
    transcript = Transcript()
    transcript.note(text)
    transcript.tell(HEARD, b"x", lambda octets: [text])
    for line in transcript.lines():
        assert line.text.isprintable()


def test_what_a_kind_has_no_words_for_is_told_all_the_same() -> None:
    def describe(octets: bytes) -> list[str]:
        raise ValueError("what is this?")

    transcript = Transcript()
    transcript.tell(HEARD, b"hello\r\n", describe)
    assert told(transcript) == ["< hello", "< (no words for it: ValueError: what is this?)"]


def test_what_is_known_later_is_told_in_its_place() -> None:
    words: list[str] = []
    transcript = Transcript()
    transcript.note_later(lambda: words)
    transcript.note("the end")
    words.append("TLSv1.3")
    assert told(transcript) == ["* TLSv1.3", "* the end"]
    assert transcript.lines()[0].direction == NOTE


def test_a_reader_is_told_each_line_once_and_a_turn_when_it_is_over() -> None:
    transcript = Transcript()
    reader = Reader(transcript)
    transcript.note("connected")
    transcript.tell(HEARD, b"220 ", lines_of)
    assert [line.text for line in reader.new_lines()] == ["connected"]
    transcript.tell(HEARD, b"ready\r\n", lines_of)
    assert reader.new_lines() == []
    transcript.tell(SAID, b"QUIT\r\n", lines_of, apart=True)
    assert [line.text for line in reader.new_lines()] == ["220 ready", "QUIT"]
    assert reader.new_lines() == []


def test_a_reader_is_told_with_the_verdict_what_was_put_off() -> None:
    transcript = Transcript()
    reader = Reader(transcript)
    transcript.note_later(lambda: ["TLSv1.3"])
    transcript.tell(SAID, b"QUIT\r\n", lines_of, apart=True)
    transcript.tell(HEARD, b"221 bye\r\n", lines_of)
    assert [line.text for line in reader.new_lines()] == ["QUIT"]
    transcript.note_verdict("ok")
    assert [line.text for line in reader.new_lines()] == ["TLSv1.3", "221 bye"]
    assert transcript.lines()[-1].text == "ok"


def test_of_an_endless_conversation_a_reader_is_told_as_much_as_is_kept() -> None:
    transcript = Transcript()
    reader = Reader(transcript)
    read: list[str] = []
    for _ in range(2 * TURNS_MAX):
        transcript.note("again")
        read += [line.text for line in reader.new_lines()]
    transcript.note_verdict("timeout")
    read += [line.text for line in reader.new_lines()]
    assert read == [line.text for line in transcript.lines()[:-1]]


@given(st.lists(st.tuples(st.sampled_from([SAID, HEARD]), st.binary(max_size=300))))
def test_any_octets_have_lines(pieces: list[tuple[str, bytes]]) -> None:
    transcript = Transcript()
    for direction, octets in pieces:
        transcript.tell(direction, octets, lines_of)
    for line in transcript.lines():
        assert line.text.isprintable()
        assert len(line.text) <= LINE_CHARACTERS + 3
