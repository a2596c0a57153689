# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether it may be our own fault that nothing was heard.

Known with certainty: this process slept, was starved, or had not read all that had come; the interface is down or has
no carrier; a frame of ours was refused where it should have left (ENOBUFS: a full queue, or a rule of this host's that
drops what leaves). What is lost further on, or by a queue that tells nobody, cannot be told from a silent server.
"""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.checks.path import judge_again
from lvs_rawcheck.daemon.check import Check
from lvs_rawcheck.daemon.lateness import Lateness
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.rtnetlink import Netlink

LATENESS_SHARE = 0.25
"""Of a check's deadline: so long may we have been idle in it, and still call silence silence."""
LOST_SHARE = 0.5
"""Of a check's deadline: so much of it may others have had, and a conversation that did not end in it still be slow."""
_WELL_SECONDS = 0.05
"""So long an interface that was found well is not looked at again: a thousand dead servers would each ask of it."""
OVERLOADED = "this process itself was late: the host is overloaded"


def was_late(check: Check, lateness: Lateness) -> bool:
    """Return whether so much of a run's time was lost on our side that its silence says nothing."""
    return lateness.worst_since(check.started_at) > check.request.timeout * LATENESS_SHARE


def overloaded(check: Check, reason: str, lateness: Lateness) -> bool:
    """Return whether a run's silence may come from this process having been kept from its work.

    A conversation takes as many turns as it has steps, and many short waits for the processor make a long one. Where
    not even the first answer has come they do no harm: the kernel keeps it until it is read.
    """
    lost = lateness.lost - check.lost_before
    return was_late(check, lateness) or (reason == Reason.TIMEOUT and lost > check.request.timeout * LOST_SHARE)


def own_trouble(check: Check, reason: str, lateness: Lateness) -> str | None:
    """Return what is wrong on our side where a raw run heard nothing, None: nothing that is known."""
    assert check.probe is not None
    lane = check.probe.lane
    if overloaded(check, reason, lateness) or was_late(check, lane.lateness):
        return OVERLOADED
    now = clock.now()
    if now - lane.well_at >= min(_WELL_SECONDS, check.request.timeout * LATENESS_SHARE):
        try:
            with Netlink() as netlink:
                judge_again(netlink, lane.path)
        except LinkError as error:
            return str(error)
        lane.well_at = now
    if lane.lost_since(check.started_at):
        return f"interface {lane.path.interface.name} lost frames of ours"
    return None
