# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon with all that others see of it: files, socket, metrics, the service manager's ear."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from contextlib import ExitStack

from lvs_rawcheck import clock
from lvs_rawcheck.daemon.alive import Alive
from lvs_rawcheck.daemon.control import ControlServer
from lvs_rawcheck.daemon.counters import Counters
from lvs_rawcheck.daemon.keepalived_watch import KeepalivedWatch
from lvs_rawcheck.daemon.listening import inherited_socket, listen_at
from lvs_rawcheck.daemon.memory import give_back
from lvs_rawcheck.daemon.metrics_server import MetricsServer, listen_for_metrics, maker_of_pages
from lvs_rawcheck.daemon.notify_systemd import SystemdNotifier
from lvs_rawcheck.daemon.readiness import Readiness
from lvs_rawcheck.daemon.service import Daemon
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.daemon.track_files import TrackFiles
from lvs_rawcheck.daemon.verdict_files import VerdictFiles
from lvs_rawcheck.director.control_socket import SOCKET_NAME
from lvs_rawcheck.director.privileges import daemon_ids
from lvs_rawcheck.errors import ConfigError, LinkError

_SIGN_SECONDS = 1.0
_TIDY_SECONDS = 60.0
_RESTORE_SECONDS = 5.0  # for which keepalived may take a server for up whose track file somebody has removed


class WholeDaemon:
    """Opens everything; use as a context manager. LinkError: something is not to be had.

    metrics: where they are served, `ADDRESS:PORT` of loopback or a path; None: nowhere.
    """

    def __init__(
        self, services_folder: str, state_folder: str, metrics: str | None, import_libraries: Callable[[], None]
    ) -> None:
        with ExitStack() as opened:
            self.daemon = Daemon(services_folder, state_folder, import_libraries)
            opened.callback(self.daemon.close)
            self.counters = Counters()
            try:
                self._verdicts = VerdictFiles(state_folder)
                opened.callback(self._verdicts.close)
                self._tracks = TrackFiles(state_folder)
                opened.callback(self._tracks.close)
                self._alive = Alive(state_folder)
                opened.callback(self._alive.close)
            except OSError as error:
                raise LinkError(f"{state_folder}: {error.filename or ''} {error.strerror or error}") from error
            self._manager = SystemdNotifier()
            opened.callback(self._manager.close)
            self._add_servers(opened, state_folder, metrics)
            self._opened = opened.pop_all()
        daemon = self.daemon
        daemon.parts += [self._manager, KeepalivedWatch(self._tracks)]
        daemon.parts.append(_Every(_SIGN_SECONDS, self._alive.note))
        daemon.parts.append(_Every(_RESTORE_SECONDS, lambda _: self._tracks.restore()))
        daemon.parts.append(_Every(_TIDY_SECONDS, lambda _: give_back()))
        daemon.engine.listeners.append(self._note)
        daemon.engine.late_by = self.counters.lateness.note
        daemon.before_reload = self._manager.reloading
        daemon.after_reload = self._loaded

    def __enter__(self) -> WholeDaemon:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def load(self) -> None:
        """Read the registry for the first time; ConfigError. From here on signals stop and reload."""
        self.daemon.heed_signals()
        self.daemon.load()
        for check_id in self.daemon.engine.checks:
            known = self._verdicts.known(check_id)
            if known is not None:
                self.daemon.engine.resume(check_id, *known)
        self._read()
        self.daemon.parts.append(Readiness(self.daemon.engine.checks, self._manager.ready, clock.now()))

    def run(self) -> None:
        """Go on until told to stop; verdicts stay, and expire."""
        self.daemon.run()
        self._manager.stopping()

    def _add_servers(self, opened: ExitStack, state_folder: str, metrics: str | None) -> None:
        daemon = self.daemon
        ids = daemon_ids()
        group = ids[1] if ids is not None else os.getegid()
        listener = inherited_socket() or listen_at(f"{state_folder.rstrip('/')}/{SOCKET_NAME}", group)
        control = ControlServer(listener, group, daemon.poller, _Knowledge(daemon))
        opened.callback(control.close)
        daemon.parts.append(control)
        if metrics is not None:
            pages = maker_of_pages(self._counted_states, self.counters)
            server = MetricsServer(listen_for_metrics(metrics, group), daemon.poller, pages)
            opened.callback(server.close)
            daemon.parts.append(server)

    def _states(self) -> list[CheckState]:
        return [check.state for check in self.daemon.engine.checks.values()]

    def _counted_states(self) -> list[CheckState]:
        """Return all states, as metrics need them: with what has passed the wire counted until now."""
        traffic, counters = self.daemon.lanes.traffic(), self.counters
        counters.frames_in, counters.frames_out = traffic.received, traffic.sent
        counters.frames_lost, counters.foreign_frames = traffic.lost, traffic.foreign
        return self._states()

    def _loaded(self) -> None:
        gc.collect()  # probes of checks that were replaced are cycles, which otherwise are looked for once in a while
        give_back()
        self._read()
        self._manager.ready()

    def _read(self) -> None:
        checks = self.daemon.engine.checks
        self._verdicts.keep_only(checks)
        self._tracks.keep_only(checks)
        faults = len(self.daemon.roster.faults)
        self._manager.status(f"{len(checks)} checks" + (f", {faults} service files cannot be read" if faults else ""))

    def _note(self, state: CheckState, now: float) -> None:
        self._verdicts.note(state, now)
        self._tracks.note(state)
        counters = self.counters
        counters.runs += 1
        counters.transitions = self.daemon.engine.transitions
        if state.held is None:
            counters.phases.note(state.phases_ms)
        else:
            counters.holds += 1


class _Knowledge:
    """What the control socket tells of."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.ask = daemon.engine.ask

    def states(self) -> list[CheckState]:
        return [check.state for check in self._daemon.engine.checks.values()]

    def mode_of(self, state: CheckState) -> str:
        return self._daemon.mode_of(state.check_id)

    def faults(self) -> list[ConfigError]:
        return self._daemon.roster.faults


class _Every:
    """What is done every so many seconds."""

    def __init__(self, seconds: float, do: Callable[[float], None]) -> None:
        self._seconds = seconds
        self._do = do
        self._due = 0.0

    def next_timer(self) -> float | None:
        return self._due

    def holds(self, descriptor: int) -> bool:
        return False

    def work(self, descriptor: int | None, now: float) -> None:
        self._due = now + self._seconds
        self._do(now)
