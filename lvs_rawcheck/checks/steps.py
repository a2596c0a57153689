# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of one endpoint, each on a connection of its own: what a result keeps of them."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Conversation, Exchange, Reason, Result, Verdict
from lvs_rawcheck.wire.ip import PROTO_TCP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvs_rawcheck.checks.base import Endpoint
    from lvs_rawcheck.checks.kind import Step


def make_talks(steps: Sequence[Step], endpoint: Endpoint | None) -> list[Conversation | Exchange]:
    """Return what is said in each step, told what is checked."""
    talks = []
    for step in steps:
        talk = step()
        if endpoint is not None:
            talk.note_endpoint(endpoint)
        talks.append(talk)
    return talks


def protocols_of(talk: Conversation | Exchange) -> list[int]:
    """Return the IP protocol of each flow that it needs on the wire: its own, and that of its companion."""
    if not isinstance(talk, Exchange):
        return [PROTO_TCP]
    companion = talk.companion()
    return [talk.protocol] if companion is None else [talk.protocol, *protocols_of(companion)]


def deadline_of_step(talk: Conversation | Exchange, left: int, now: float, deadline: float) -> float:
    """Return when a step has had its time, of `left` steps that are still to be made, itself included.

    One that passes in silence waits for all the time that it is given: so it gets its share, and no more.
    """
    if left > 1 and isinstance(talk, Exchange) and talk.silence() is not None:
        return now + (deadline - now) / left
    return deadline


def note_step(result: Result, number: int, count: int, verdict: Verdict) -> None:
    """Keep the verdict of step `number`, 0..count-1, that ends them; of several the sentence says which it is."""
    if verdict.healthy and number + 1 < count:
        return  # should the next one fail to begin, this one must not stand for it
    if number > 0 and verdict.reason == Reason.NO_ANSWER:
        verdict.reason, verdict.detail = Reason.TIMEOUT, "no answer in what was left of the time, after answers before"
    if count > 1 and not verdict.healthy:
        verdict.detail = f"check {number + 1} of {count}: {verdict.detail}"
    result.verdict = verdict


def note_phases(result: Result, talk: Conversation | Exchange, began_at: float | None, phases: Sequence[float]) -> None:
    """Keep how long each phase took since the one before it, of the last step; milliseconds.

    began_at: when it could begin, None if it never could; phases: when those that it names were reached; monotonic
    seconds.
    """
    result.facts = talk.facts
    if began_at is None or not phases:
        return
    before = began_at
    for name, reached_at in zip(talk.phases_reached(), phases, strict=False):
        result.phases_ms[name] = (reached_at - before) * 1000
        before = reached_at
