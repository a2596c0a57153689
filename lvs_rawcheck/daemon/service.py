# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's one loop: frames, timers, roles, signals, and whoever asks."""

from __future__ import annotations

import logging
import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from math import floor, inf
from typing import Protocol

from lvs_rawcheck import clock
from lvs_rawcheck.daemon import roles
from lvs_rawcheck.daemon.check import Check
from lvs_rawcheck.daemon.engine import Engine
from lvs_rawcheck.daemon.kernel_lane import KernelLane
from lvs_rawcheck.daemon.lanes import Lanes
from lvs_rawcheck.daemon.modes import Modes
from lvs_rawcheck.daemon.neighbours import Neighbours
from lvs_rawcheck.daemon.roles import Roles
from lvs_rawcheck.daemon.roster import Roster
from lvs_rawcheck.director.mode import ENFORCE
from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.link.monitor import Monitor

logger = logging.getLogger(__name__)

_SLOW_SECONDS = 1.0  # between two looks at modes, and at the VIPs held here, should the kernel not have told
_PATHS_SECONDS = 1.0  # changes of paths are acted on once in this time, however many there are
_SWEEP_SECONDS = 5.0  # after which lanes that went out of use with a change of paths are closed
_LATE = 0.05  # seconds for which nothing was done: then it is said
_GRID_SECONDS = 0.025
"""What is due within the same fortieth of a second is done in one turn: waking up costs several times a check."""
_ENDS = (signal.SIGTERM, signal.SIGINT)


class Part(Protocol):
    """Something else that the loop looks after: it registers its descriptors with the poller itself."""

    def work(self, descriptor: int | None, now: float) -> None:
        """Do what is due; descriptor: what became ready, None where only the time has come."""

    def next_timer(self) -> float | None:
        """Return when it has something to do at the latest."""

    def holds(self, descriptor: int) -> bool:
        """Return whether a descriptor is its own."""


class Daemon:
    """Runs a registry until it is told to stop. Whoever makes one closes it. LinkError: a socket is not to be had."""

    def __init__(self, services_folder: str, state_folder: str, import_libraries: Callable[[], None]) -> None:
        self.poller = select.epoll()
        self._monitor = Monitor()
        self._neighbours = Neighbours(self._monitor)
        self._roles = Roles()
        self._modes = Modes(state_folder)
        self._kernel_lane = KernelLane(self.poller)
        self.lanes = Lanes(self._neighbours, self.poller, lambda lane, error: self.engine.lane_failed(lane, error))
        self.engine = Engine(self.lanes, self._kernel_lane, self._roles, self._modes)
        self.roster = Roster(services_folder, self.engine, import_libraries)
        self.parts: list[Part] = []
        self.before_reload: Callable[[], None] = _nothing
        self.after_reload: Callable[[], None] = _nothing
        self._stopping = False
        self._reloading = False
        self._turned_at, self._processor_at = clock.now(), clock.processor_time()
        self._look_at = 0.0
        self._slow_look_at = 0.0
        self._sweep_at = inf
        self._paths_changed = False
        self._paths_not_before = 0.0
        self.poller.register(self._monitor.fileno(), select.EPOLLIN)
        self._wakeup, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._wakeup_writer = writer
        self.poller.register(self._wakeup, select.EPOLLIN)

    def close(self) -> None:
        """Give everything back; what was written stays, and expires."""
        self._kernel_lane.close()
        self.lanes.close()
        self._monitor.close()
        self.poller.close()
        for descriptor in (self._wakeup, self._wakeup_writer):
            os.close(descriptor)

    def load(self) -> None:
        """Read the registry; ConfigError: its folder cannot be read."""
        self.roster.load(clock.now())
        self.lanes.expect(check.request for check in self.engine.checks.values())
        self._slow_look_at = 0.0
        self._look(clock.now())

    def mode_of(self, check_id: str) -> str:
        """Return the mode by which a check is run now; the usual one, where it has left the registry."""
        check = self.engine.checks.get(check_id)
        return ENFORCE if check is None else self._modes.of(check)

    def heed_signals(self) -> None:
        """Stop and reload by signals from now on, also by those that come before `run`."""
        signal.set_wakeup_fd(self._wakeup_writer, warn_on_full_buffer=False)
        for number in _ENDS:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._reload)

    def run(self) -> None:
        """Go on until told to stop."""
        while not self._stopping:
            self.turn()

    def turn(self) -> None:
        """Wait until something has come or is due, and do it."""
        began = clock.now()
        wait = self._seconds_to_wait(began)
        events = self.poller.poll(wait)
        now = clock.now()
        if now - began - wait > _LATE:
            self.engine.lateness.note(now - began - wait, now)
        for descriptor, _ in events:
            self._attend(descriptor)
        self.engine.run_due(now)
        self.lanes.work_due(now)
        timer = self._kernel_lane.next_timer()
        if timer is not None and timer <= now:
            self._kernel_lane.work(now)
        for part in self.parts:
            timer = part.next_timer()
            if timer is not None and timer <= now:
                part.work(None, now)
        if now >= self._look_at:
            self._look(now)
        if self._reloading:
            self._reload_now()
        ended, processor = clock.now(), clock.processor_time()
        if ended - now > _LATE:
            self.engine.lateness.note(ended - now, ended)
        idle = min(now - began, wait)
        self.engine.lateness.lost += max(ended - self._turned_at - idle - (processor - self._processor_at), 0.0)
        self._turned_at, self._processor_at = ended, processor

    def _seconds_to_wait(self, now: float) -> float:
        soonest = self._look_at
        for timer in (self.engine.schedule.next_due(), self.lanes.next_timer(), self._kernel_lane.next_timer()):
            if timer is not None and timer < soonest:
                soonest = timer
        for part in self.parts:
            timer = part.next_timer()
            if timer is not None and timer < soonest:
                soonest = timer
        return (floor(soonest / _GRID_SECONDS) + 1) * _GRID_SECONDS - now if soonest > now else 0.0

    def _attend(self, descriptor: int) -> None:
        lane = self.lanes.by_descriptor(descriptor)
        if lane is not None:
            self.lanes.work(lane)
        elif descriptor == self._kernel_lane.fileno():
            self._kernel_lane.work(clock.now())
        elif descriptor == self._monitor.fileno():
            self._neighbours.catch_up()
        elif descriptor == self._wakeup:
            with suppress(BlockingIOError):
                os.read(self._wakeup, 4096)
        else:
            for part in self.parts:
                if part.holds(descriptor):
                    part.work(descriptor, clock.now())

    # What is looked at from time to time ---------------------------------------------------------------------

    def _look(self, now: float) -> None:
        """Look at roles, modes and paths; what is looked at less often has a time of its own."""
        self._look_at = now + roles.POLL_SECONDS
        self._look_at_role_files(now)
        self._neighbours.catch_up()
        self._paths_changed = self._neighbours.paths_changed() or self._paths_changed
        if self._paths_changed and now >= self._paths_not_before:
            self._paths_changed = False
            self._paths_not_before = now + _PATHS_SECONDS
            self._slow_look_at = now
            self.engine.paths_changed()
            self._sweep_at = now + _SWEEP_SECONDS
        if now >= self._sweep_at:
            self._sweep_at = inf
            self.engine.close_unused_lanes()
        if now >= self._slow_look_at:
            self._slow_look_at = now + _SLOW_SECONDS
            self._look_at_addresses(now)
            self._look_at_modes(now)

    def _look_at_modes(self, now: float) -> None:
        changed = self._modes.look()
        if changed:
            self._hasten(lambda check: check.service.name in changed, now)

    def _look_at_role_files(self, now: float) -> None:
        changed = self._roles.look(path for path in self.roster.role_files if path is not None)
        if changed:
            self._hasten(lambda check: check.request.role_file in changed, now)

    def _look_at_addresses(self, now: float) -> None:
        changed = self._roles.look_at_addresses(self.roster.watched_vips)
        if changed:
            self._hasten(lambda check: check.watches_addresses and not changed.isdisjoint(check.request.vips), now)

    def _hasten(self, concerned: Callable[[Check], bool], now: float) -> None:
        checks = [check for check in self.engine.checks.values() if concerned(check)]
        if checks:
            self.engine.hasten(checks, now)

    # Signals -------------------------------------------------------------------------------------------------

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _reload(self, *_: object) -> None:
        self._reloading = True

    def _reload_now(self) -> None:
        self._reloading = False
        self.before_reload()
        try:
            self.load()
        except ConfigError as error:
            logger.error("not reloaded, all goes on as it was: %s", error)
        self.after_reload()


def _nothing() -> None:
    return None
