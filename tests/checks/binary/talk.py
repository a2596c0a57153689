# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversations in messages, turn by turn: what we must say, octet for octet, and what the server says then.

A turn whose server says TLS puts TLS on. The last turn's verdict may stand while we say goodbye, until the server
closes. Everything is played in one piece a turn, and octet by octet, with the same verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lvs_rawcheck.checks.base import Conversation, Exchange, Verdict
from lvs_rawcheck.checks.kinds import load_kind
from lvs_rawcheck.checks.parameters import Values, defaults

TLS = None
Turn = tuple[bytes, bytes | None]
MakeConversation = Callable[[], Conversation]


def whole(octets: bytes) -> list[bytes]:
    """Return octets as one piece."""
    return [octets]


def octet_by_octet(octets: bytes) -> list[bytes]:
    """Return octets as pieces of one each."""
    return [octets[at : at + 1] for at in range(len(octets))]


def prepare(kind: str, **values: object) -> Conversation | Exchange:
    """Return what a kind says, told these values by their names."""
    loaded = load_kind(kind, lambda: None)
    known = defaults(loaded.parameters)
    assert set(values) <= set(known)
    return loaded.prepare(Values({**known, **values}))()


def play(make: MakeConversation, turns: Sequence[Turn], goodbye: bytes = b"") -> Verdict:
    """Return the verdict; goodbye: what we must say at the end, b"" where the verdict does not wait for one."""
    verdicts = [_play(make(), turns, goodbye, pieces) for pieces in (whole, octet_by_octet)]
    first, second = ((verdict.reason, verdict.detail) for verdict in verdicts)
    assert first == second
    return verdicts[0]


def _play(talk: Conversation, turns: Sequence[Turn], goodbye: bytes, pieces: Callable[[bytes], list[bytes]]) -> Verdict:
    verdict = talk.connected()
    for ours, theirs in turns:
        assert verdict is None, verdict
        assert talk.octets_to_send() == ours
        verdict = _hear(talk, pieces, theirs)
    assert talk.octets_to_send() == goodbye
    if verdict is not None:
        assert goodbye == b""
        return verdict
    if goodbye:
        assert talk.settled() is not None
        assert talk.data_received(b"whatever comes now") is None
    closed = talk.peer_closed()
    assert closed is not None
    return closed


def _hear(talk: Conversation, pieces: Callable[[bytes], list[bytes]], theirs: bytes | None) -> Verdict | None:
    if theirs is None:
        assert talk.ready_for_tls
        return talk.secured()
    for piece in pieces(theirs):
        verdict = talk.data_received(piece)
        if verdict is not None:
            return verdict
    return None


def told(make: MakeConversation, turns: Sequence[Turn], goodbye: bytes = b"") -> list[str]:
    """Return what `explain` says of it all."""
    talk = make()
    talk.connected()
    words = []
    for ours, theirs in turns:
        assert talk.octets_to_send() == ours
        words += [f"> {line}" for line in talk.describe(ours)]
        if theirs is not None:
            talk.data_received(theirs)
            words += [f"< {line}" for line in talk.describe(theirs)]
        else:
            talk.secured()
    if goodbye:
        assert talk.octets_to_send() == goodbye
        words += [f"> {line}" for line in talk.describe(goodbye)]
    return words


def cuts(make: MakeConversation, turns: Sequence[Turn]) -> Iterator[Verdict]:
    """Yield the verdicts of a server that closes after fewer octets than all of its own, whatever the number."""
    for number, (_, theirs) in enumerate(turns):
        for length in range(len(theirs or b"")):
            yield _cut_off(make(), turns[:number], (theirs or b"")[:length])


def _cut_off(talk: Conversation, before: Sequence[Turn], rest: bytes) -> Verdict:
    verdict = talk.connected()
    for _, theirs in before:
        talk.octets_to_send()
        verdict = _hear(talk, whole, theirs)
        assert verdict is None
    talk.octets_to_send()
    verdict = (talk.data_received(rest) if rest else None) or talk.peer_closed()
    assert verdict is not None
    return verdict


def after(make: MakeConversation, turns: Sequence[Turn]) -> Conversation:
    """Return a conversation after some turns, everything of ours sent."""
    talk = make()
    talk.connected()
    for _, theirs in turns:
        talk.octets_to_send()
        assert _hear(talk, whole, theirs) is None
    talk.octets_to_send()
    return talk
