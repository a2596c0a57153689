# SPDX-License-Identifier: GPL-2.0-or-later
r"""Conversations that read aloud: what the server says, what we must say, and how it ends.

    S: 220 mail.example       the server says this line
    C: HELO name              we must have said exactly this since its last line: unlisted means unsent
    close                     the server closes; `silence`: it says no more until the deadline
    ok: a piece of its detail     the verdict; the last line of every script

Escapes of Python's strings are understood (\x00, \r); a line of the server's ends in CRLF, or as `S|` in nothing.
Each script is played with the server's lines as one piece each, and octet by octet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import dedent

from lvs_rawcheck.checks.base import Conversation, Exchange, Verdict, timed_out
from lvs_rawcheck.checks.kinds import load_kind
from lvs_rawcheck.checks.parameters import Values, defaults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.kind import Step

_END = b"\r\n"
Pieces = Callable[[bytes], list[bytes]]


def whole(octets: bytes) -> list[bytes]:
    """Return octets as one piece."""
    return [octets]


def octet_by_octet(octets: bytes) -> list[bytes]:
    """Return octets as pieces of one each."""
    return [octets[at : at + 1] for at in range(len(octets))]


def prepare(kind: str, **values: object) -> Step:
    """Return what makes a kind's conversations, told these values by their names."""
    loaded = load_kind(kind, lambda: None)
    known = defaults(loaded.parameters)
    assert set(values) <= set(known)
    return loaded.prepare(Values({**known, **values}))


def conversation(kind: str, **values: object) -> Conversation:
    """Return a conversation of a kind."""
    made = prepare(kind, **values)()
    assert isinstance(made, Conversation)
    return made


def exchange(kind: str, **values: object) -> Exchange:
    """Return an exchange of a kind."""
    made = prepare(kind, **values)()
    assert isinstance(made, Exchange)
    return made


def play(make: Callable[[], Conversation], script: str) -> None:
    """Hold a conversation to a script, in pieces of either size."""
    for pieces in (whole, octet_by_octet):
        _Play(make(), pieces).run(dedent(script).strip().splitlines())


class _Play:
    def __init__(self, talk: Conversation, pieces: Pieces) -> None:
        self._talk = talk
        self._pieces = pieces
        self._verdict = talk.connected()
        self._said = talk.octets_to_send()

    def run(self, script: list[str]) -> None:
        *lines, end = script
        for line in lines:
            assert self._verdict is None, f"{self._verdict.detail}: before {line!r}"
            self._act(line)
        assert self._said == b"", "more was said than the script has"
        assert self._verdict is not None, f"no verdict; awaiting {self._talk.awaiting()}"
        reason, _, detail = end.partition(": ")
        assert self._verdict.reason == reason, self._verdict.detail
        assert detail in self._verdict.detail, self._verdict.detail

    def _act(self, line: str) -> None:
        if line.startswith("C:"):
            expected = _octets(line[3:]) + _END
            assert self._said.startswith(expected), f"{self._said!r}, not {expected!r}"
            self._said = self._said[len(expected) :]
            return
        assert self._said == b"", f"{self._said!r} was said before {line!r}"
        if line == "close":
            self._verdict = self._talk.peer_closed()
        elif line == "silence":
            self._verdict = timed_out(self._talk)
        else:
            assert line[:2] in ("S:", "S|"), line
            self._feed(_octets(line[3:]) + (_END if line[1] == ":" else b""))

    def _feed(self, octets: bytes) -> None:
        for piece in self._pieces(octets):
            self._verdict = self._talk.data_received(piece)
            self._said += b"" if self._verdict else self._talk.octets_to_send()
            if self._verdict is not None:
                return


def _octets(text: str) -> bytes:
    return text.encode().decode("unicode_escape").encode("latin-1")


def feed(talk: Conversation, octets: bytes, size: int) -> Iterator[Verdict]:
    """Yield the verdict, if there is one, of octets in pieces of a size; what is said meanwhile is dropped."""
    for at in range(0, len(octets), size):
        verdict = talk.data_received(octets[at : at + size])
        if verdict is not None:
            yield verdict
            return
        talk.octets_to_send()
