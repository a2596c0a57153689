# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs every check when it is due, by the path that its role asks for, and keeps what was found.

What a run finds goes to the check's state; whoever wants to know (files, log, metrics) is called with the state after
each run. What cannot be judged is nobody's fault: the state stays, and says that it is held.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from functools import partial

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import RAW, Reason, Result, Verdict
from lvs_rawcheck.checks.course import SILENCE
from lvs_rawcheck.checks.path import LocalServer
from lvs_rawcheck.checks.request import STANDBY_RAW
from lvs_rawcheck.checks.runner import decisive
from lvs_rawcheck.daemon.check import Check
from lvs_rawcheck.daemon.health import UNKNOWN, UP
from lvs_rawcheck.daemon.holds import Holds
from lvs_rawcheck.daemon.kernel_lane import KernelLane
from lvs_rawcheck.daemon.lane import Lane
from lvs_rawcheck.daemon.lanes import Lanes
from lvs_rawcheck.daemon.lateness import Lateness
from lvs_rawcheck.daemon.min_healthy import MinHealthy
from lvs_rawcheck.daemon.modes import Modes
from lvs_rawcheck.daemon.own_side import OVERLOADED, overloaded, own_trouble
from lvs_rawcheck.daemon.probe import Probe
from lvs_rawcheck.daemon.roles import Roles
from lvs_rawcheck.daemon.schedule import Schedule
from lvs_rawcheck.daemon.standard_probe import StandardProbe
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.director.mode import OBSERVE, STANDARD_MODE
from lvs_rawcheck.director.role import BACKUP
from lvs_rawcheck.errors import LinkError, NoFreePort, RawCheckError

logger = logging.getLogger(__name__)

PORT_WAIT_SECONDS = 1.0
"""After which a check that found no free port asks again, should no other have ended by then."""
TAKEOVER_SECONDS = 1.0
"""Over which all checks of an instance are run at once when its role changes."""
FIRST_RUNS_A_SECOND = 2000
BEGUN_AT_ONCE = 32
HELD_MOST = 600.0
"""Seconds for which a verdict stands that nothing could confirm."""
Listener = Callable[[CheckState, float], None]


class _Observation:
    """A run by both paths. raw: the reason that was found, None while it is under way."""

    __slots__ = ("raw", "standard")

    def __init__(self) -> None:
        self.raw: str | None = None
        self.standard: Result | None = None


class Engine:
    """All checks. listeners: called after each run with the state and the time, monotonic seconds."""

    def __init__(self, lanes: Lanes, kernel_lane: KernelLane, roles: Roles, modes: Modes) -> None:
        self.checks: dict[str, Check] = {}
        self.schedule = Schedule()
        self.listeners: list[Listener] = []
        self.transitions = 0
        """Changes of what others are told, since the start."""
        self.late_by: Callable[[float], None] = _ignore
        """Called with how late a run began, seconds."""
        self._lanes = lanes
        self._kernel_lane = kernel_lane
        self._roles = roles
        self._modes = modes
        self._generation = 0
        self.lateness = Lateness()
        """Of this process: whoever runs the loop notes it."""
        self._holds = Holds()
        self._observing: dict[str, _Observation] = {}
        self._without_port: OrderedDict[str, None] = OrderedDict()
        """The IDs of checks that wait for a port, each once, the longest first."""
        self._asked: dict[str, list[Callable[[CheckState], None]]] = {}
        """Who waits for the next result of a check."""
        self._min_healthy = MinHealthy()

    # The checks that there are -----------------------------------------------------------------------------

    def add(self, check: Check, now: float) -> None:
        """Take in a check; one of this ID must be removed before."""
        self.checks[check.check_id] = check
        self._min_healthy.take_in(check)
        self.schedule.add(check.check_id, check.state.interval, now)
        if check.check_id in self._asked:
            self.schedule.hasten((check.check_id,), now, 0.0)

    def remove(self, check_id: str) -> None:
        """Forget a check; what is under way of it is not waited for. Who asked for it waits for one of its name."""
        check = self.checks.pop(check_id)
        self._min_healthy.take_out(check)
        self.schedule.remove(check_id)
        self._observing.pop(check_id, None)
        self._without_port.pop(check_id, None)

    def resume(self, check_id: str, state: str, role: str | None) -> None:
        """Go on from what a daemon before this one has told of a check."""
        check = self.checks[check_id]
        self._min_healthy.take_out(check)
        check.resume(state, role)
        self._min_healthy.take_in(check)

    def tell_gone(self, check: Check) -> None:
        """Tell who asked for a check that was removed, and none of its name was added."""
        self._holds.free(check.check_id)
        check.state.state, check.state.held = UNKNOWN, "the registry has no such check any more"
        for told in self._asked.pop(check.check_id, ()):
            told(check.state)

    def paths_changed(self) -> None:
        """Find each check's way anew at its next run."""
        self._generation += 1
        self._lanes.paths.forget()

    def close_unused_lanes(self) -> None:
        """Close the lanes that no check goes by any more."""
        used = {id(check.probe.lane) for check in self.checks.values() if check.probe is not None}
        for lane in self._lanes.all():
            if id(lane) not in used and not lane.driver.in_flight:
                self._lanes.close_lane(lane, LinkError("no check goes by it any more"))

    def ask(self, check_id: str, told: Callable[[CheckState], None]) -> bool:
        """Run a check at once, or join the run that is under way; return whether there is such a check."""
        if check_id not in self.checks:
            return False
        self._asked.setdefault(check_id, []).append(told)
        self.schedule.hasten((check_id,), clock.now(), 0.0)
        return True

    def hasten(self, checks: Iterable[Check], now: float) -> None:
        """Run checks soon, since their role is another one: what was known by the other path counts no more."""
        hastened = list(checks)
        for check in hastened:
            check.health.begin_anew()
            check.outdated = check.running
        self.schedule.hasten((check.check_id for check in hastened), now, TAKEOVER_SECONDS)

    def hasten_first(self, check_ids: Collection[str], now: float) -> None:
        """Run checks for the first time soon, as fast as one core can."""
        self.schedule.hasten(check_ids, now, max(TAKEOVER_SECONDS, len(check_ids) / FIRST_RUNS_A_SECOND))

    # One run -----------------------------------------------------------------------------------------------

    def run_due(self, now: float) -> None:
        """Begin what is due; no more at once than leaves room for answers, and the rest in the next turn."""
        for check_id, due in self.schedule.take_due(now, BEGUN_AT_ONCE):
            check = self.checks[check_id]
            self.late_by(now - due)
            self._begin(check, now)

    def _begin(self, check: Check, now: float) -> None:
        check.running = True
        check.outdated = False
        check.started_at = now
        check.lost_before = self.lateness.lost
        check.state.due = None
        request = check.request
        role = None if request.role_file is None else self._roles.of(request.role_file, request.vips)
        if role != check.role:
            check.role = role
            check.health.begin_anew()
        mode = self._modes.of(check)
        if mode == OBSERVE:
            self._observe(check, now)
        elif mode == STANDARD_MODE or (role == BACKUP and request.standby != STANDBY_RAW):
            self._standard(check).start(now)
        else:
            check.state.observed = None
            self._begin_raw(check, now)

    def _standard(self, check: Check) -> StandardProbe:
        if check.standard is None:
            check.standard = StandardProbe(
                check.request, self._kernel_lane, self._lanes.paths, partial(self._standard_done, check)
            )
        return check.standard

    def _observe(self, check: Check, now: float) -> None:
        """Let the standard check decide, and note what the raw one finds meanwhile."""
        self._observing[check.check_id] = _Observation()
        self._standard(check).start(now)
        try:
            probe = self._probe(check)
            if isinstance(probe, Probe):
                probe.start(now)
            else:
                self._observed_raw(check, probe.reason if probe is not None else Reason.OK)
        except RawCheckError as error:
            self._observed_raw(check, f"{Reason.CANNOT_JUDGE}: {error}")

    def _observed_raw(self, check: Check, found: str) -> None:
        observation = self._observing.get(check.check_id)
        if observation is not None:
            observation.raw = found
            self._end_observation(check, observation)

    def _end_observation(self, check: Check, observation: _Observation) -> None:
        """Go on once both have come; the raw one may be lost with its lane."""
        if observation.standard is None or observation.raw is None:
            return
        del self._observing[check.check_id]
        if check.outdated:
            self._run_again(check, 0.0)
            return
        if check.state.observed != observation.raw:
            logger.info("%s: observed: %s", check.check_id, observation.raw)
        check.state.observed = observation.raw
        self._take_standard(check, observation.standard)

    def _begin_raw(self, check: Check, now: float) -> None:
        try:
            probe = self._probe(check)
            if isinstance(probe, Verdict) and check.probe is not None:
                self._hold(check, f"{probe.detail}; it was on the link before, so it is our own side that has changed")
            elif isinstance(probe, Verdict):
                check.state.role, check.state.path = check.role, RAW
                self._judge(check, probe, 0.0, {})
            elif probe is None:
                self._standard(check).start_local(now)
            else:
                probe.start(now)
                self._without_port.pop(check.check_id, None)
        except NoFreePort:
            self._without_port.setdefault(check.check_id)
            self._run_again(check, PORT_WAIT_SECONDS)
        except LinkError as error:
            self._link_error(check, error)
        except RawCheckError as error:
            self._hold(check, str(error))

    def _link_error(self, check: Check, error: LinkError) -> None:
        probe = check.probe
        if probe is not None and probe.lane in self._lanes.all():
            self._lanes.close_lane(probe.lane, error)  # which tells all that are under way on it, this one too
        else:
            self._hold(check, str(error))

    def _probe(self, check: Check) -> Probe | Verdict | None:
        """Return the raw check, the verdict where it has no way, or None where the server is this host."""
        probe = check.probe
        if probe is not None and check.generation == self._generation and not probe.lane.closed:
            return probe
        lane = self._lanes.lane_for(check.request)
        if isinstance(lane, Verdict):
            return lane
        if isinstance(lane, LocalServer):
            return None
        if probe is None or probe.lane is not lane:
            probe = check.probe = Probe(check.request, lane, partial(self._raw_done, check))
        check.generation = self._generation
        return probe

    def lane_failed(self, lane: Lane, error: LinkError) -> None:
        """Note that a lane is gone: what was under way on it cannot be judged."""
        logger.warning("%s: %s", lane.path.interface.name, error)
        for check in self.checks.values():
            if not check.running or check.probe is None or check.probe.lane is not lane:
                continue
            if check.check_id in self._observing:
                self._observed_raw(check, f"{Reason.CANNOT_JUDGE}: {error}")
            else:
                self._hold(check, str(error))

    # What was found ----------------------------------------------------------------------------------------

    def _raw_done(self, check: Check, results: list[Result], in_silence: bool) -> None:
        if self.checks.get(check.state.check_id) is not check:
            return  # it was removed meanwhile
        result = results[0] if len(results) == 1 else decisive(results, check.request.vip_policy)
        if self._observing and check.check_id in self._observing:
            self._observed_raw(check, result.verdict.reason)
            return
        if check.outdated:
            self._run_again(check, 0.0)
            return
        if in_silence and not result.healthy:
            trouble = own_trouble(check, result.verdict.reason, self.lateness)
            if trouble is not None:
                self._hold(check, trouble)
                return
        result.path = RAW
        self._take(check, result)

    def _standard_done(self, check: Check, result: Result) -> None:
        if self.checks.get(check.check_id) is not check:
            return
        observation = self._observing.get(check.check_id)
        if observation is not None:
            observation.standard = result
            self._end_observation(check, observation)
        elif check.outdated:
            self._run_again(check, 0.0)
        else:
            self._take_standard(check, result)

    def _take_standard(self, check: Check, result: Result) -> None:
        if result.verdict.reason in SILENCE and overloaded(check, result.verdict.reason, self.lateness):
            self._hold(check, OVERLOADED)
        else:
            self._take(check, result)

    def _take(self, check: Check, result: Result) -> None:
        if result.verdict.reason == Reason.CANNOT_JUDGE:
            self._hold(check, result.verdict.detail)  # path and role stay those by which the verdict was found
        else:
            check.state.role = check.role
            check.state.path = result.path
            check.state.degraded = result.degraded
            check.state.phases_ms = result.phases_ms
            self._judge(check, result.verdict, result.elapsed_ms, result.phases_ms)

    def _judge(self, check: Check, verdict: Verdict, elapsed_ms: float, phases_ms: dict[str, float]) -> None:
        now = clock.now()
        state, health = check.state, check.health
        state.reason, state.detail = verdict.reason, verdict.detail
        state.latency_ms = elapsed_ms
        state.judged_at = now
        state.held = None
        health.note(verdict.healthy)
        if health.state != state.state:
            self._change(check, health.state, now)
        self._note_hold(check)
        again_at = None
        retry_interval = check.server.settings.retry_interval
        if retry_interval is not None and health.in_doubt:
            again_at = check.started_at + retry_interval
        self._finish(check, now, again_at)

    def _change(self, check: Check, wanted: str, now: float) -> None:
        state = check.state
        state.held = self._min_healthy.forbids(check, wanted)
        if state.held is not None:
            if state.state == UNKNOWN:
                self._tell(check, UP, now)  # as the daemon before this one did
            return
        level = (
            logging.DEBUG if state.state == UNKNOWN and wanted == UP else logging.INFO
        )  # no thousand lines at a start
        logger.log(level, "%s %s: %s: %s", check.check_id, wanted, state.reason, state.detail)
        self._tell(check, wanted, now)
        self.transitions += 1

    def _tell(self, check: Check, wanted: str, now: float) -> None:
        """Let others be told another state from now on."""
        state = check.state
        self._min_healthy.take_out(check)
        state.state, state.since = wanted, now
        check.was_up = False
        self._min_healthy.take_in(check)

    def _hold(self, check: Check, why: str) -> None:
        """Keep what is known, since this run could not judge; not for ever."""
        now = clock.now()
        state = check.state
        state.held = why
        self._note_hold(check)
        if state.state != UNKNOWN and state.judged_at is not None and now - state.judged_at > HELD_MOST:
            logger.error("%s unknown: nothing could confirm it for %d s: %s", check.check_id, HELD_MOST, why)
            self._tell(check, UNKNOWN, now)
            check.health.begin_anew()
        self._finish(check, now, None)

    def _note_hold(self, check: Check) -> None:
        state = check.state
        if state.held is None:
            self._holds.free(state.check_id)
        else:
            self._holds.hold(state.check_id, state.state, state.held)

    def _run_again(self, check: Check, seconds: float) -> None:
        """Run a check once more soon: this run is none, by a way that is not asked for any more, or for want of one."""
        now = clock.now()
        check.running = False
        self.schedule.finished(check.check_id, now, now + seconds)

    def _finish(self, check: Check, now: float, again_at: float | None) -> None:
        state = check.state
        check.running = False
        if check.outdated:
            again_at = now
        state.runs += 1
        state.due = self.schedule.finished(state.check_id, now, again_at)
        if self._without_port:
            self.schedule.hasten((self._without_port.popitem(last=False)[0],), now, 0.0)
        for listener in self.listeners:
            listener(state, now)
        if state.check_id in self._asked:
            for told in self._asked.pop(state.check_id):
                told(state)


def _ignore(seconds: float) -> None:
    return None
