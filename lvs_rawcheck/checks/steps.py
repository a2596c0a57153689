# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of one endpoint, each on a connection of its own: what a result keeps of them."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Conversation, Exchange, Result, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def note_step(result: Result, number: int, count: int, verdict: Verdict) -> None:
    """Keep the verdict of step `number`, 0..count-1, that ends them; of several the sentence says which it is."""
    if verdict.healthy and number + 1 < count:
        return  # should the next one fail to begin, this one must not stand for it
    if count > 1 and not verdict.healthy:
        verdict.detail = f"check {number + 1} of {count}: {verdict.detail}"
    result.verdict = verdict


def note_phases(
    result: Result, talk: Conversation | Exchange, connected_at: float | None, phases: Sequence[float]
) -> None:
    """Keep how long each phase took since the one before it, of the last step; milliseconds.

    phases: when those that a conversation names were reached, monotonic seconds.
    """
    result.facts = talk.facts
    if connected_at is None or not isinstance(talk, Conversation):
        return
    before = connected_at
    for name, reached_at in zip(talk.phases_reached(), phases, strict=False):
        result.phases_ms[name] = (reached_at - before) * 1000
        before = reached_at
