# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from lvs_rawcheck.errors import LocalProtocolError
from lvs_rawcheck.tcp.states import (
    ABORT,
    CLOSE,
    CLOSED,
    FIN_RECEIVED,
    RECEIVING,
    RESET_ON_ABORT,
    RST_RECEIVED,
    SENDING,
    TRANSITIONS,
    next_state,
)

EVENTS = {event for row in TRANSITIONS.values() for event in row}
LIVING = [state for state in TRANSITIONS if state != CLOSED]


def _reachable(state: str) -> set[str]:
    found = {state}
    while True:
        wider = found | {following for known in found for following in TRANSITIONS[known].values()}
        if wider == found:
            return found
        found = wider


def test_table_is_closed() -> None:
    assert {following for row in TRANSITIONS.values() for following in row.values()} == set(TRANSITIONS)


@pytest.mark.parametrize("state", TRANSITIONS)
def test_every_state_reaches_closed(state: str) -> None:
    assert CLOSED in _reachable(state)


def test_every_state_is_reached_from_closed() -> None:
    assert _reachable(CLOSED) == set(TRANSITIONS)


@pytest.mark.parametrize("state", LIVING)
@pytest.mark.parametrize("event", [ABORT, RST_RECEIVED])
def test_abort_and_reset_end_every_state(state: str, event: str) -> None:
    assert next_state(state, event) == CLOSED


@pytest.mark.parametrize("state", LIVING)
def test_without_reset_and_abort_closed_is_still_reached(state: str) -> None:
    """By FINs and time alone: no state depends on violence."""
    found = {state}
    for _ in TRANSITIONS:
        found |= {
            following
            for known in found - {CLOSED}
            for event, following in TRANSITIONS[known].items()
            if event not in (ABORT, RST_RECEIVED)
        }
    assert CLOSED in found


@pytest.mark.parametrize("state", TRANSITIONS)
def test_what_the_table_does_not_list_is_our_mistake(state: str) -> None:
    for event in EVENTS - set(TRANSITIONS[state]):
        with pytest.raises(LocalProtocolError, match=state):
            next_state(state, event)


def test_lists_agree_with_the_table() -> None:
    assert set(RECEIVING) == {state for state in TRANSITIONS if FIN_RECEIVED in TRANSITIONS[state]}
    assert set(SENDING) == {s for s in TRANSITIONS if CLOSE in TRANSITIONS[s] and TRANSITIONS[s][CLOSE] != CLOSED}
    assert set(RESET_ON_ABORT) == set(RECEIVING) | set(SENDING)
