# SPDX-License-Identifier: GPL-2.0-or-later
"""A loop with nothing in it but what talks: real sockets, real states, and checks that finish when the test says so."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from lvs_rawcheck import clock
from lvs_rawcheck.daemon.control import ControlServer
from lvs_rawcheck.daemon.health import DOWN, UNKNOWN, UP
from lvs_rawcheck.daemon.listening import listen_at
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.director.control_socket import SOCKET_NAME
from lvs_rawcheck.director.mode import ENFORCE
from lvs_rawcheck.errors import ConfigError

TURN_SECONDS = 0.02
LIMIT_SECONDS = 20.0  # no test waits longer for anything


class Part(Protocol):
    def holds(self, descriptor: int) -> bool: ...
    def work(self, descriptor: int | None, now: float) -> None: ...
    def next_timer(self) -> float | None: ...


class Loop:
    """The daemon's loop in small. ahead: seconds by which its clock is before the real one. Close it."""

    def __init__(self) -> None:
        self.poller = select.epoll()
        self.parts: list[Part] = []
        self.ahead = 0.0
        self.longest_turn = 0.0
        """Seconds of CPU."""

    def close(self) -> None:
        self.poller.close()

    def turn(self, seconds: float = 0.0) -> int:
        """Do what is ready and due; return how many descriptors were ready."""
        ready = self.poller.poll(seconds)
        began = time.thread_time()
        for descriptor, _ in ready:
            for part in self.parts:
                if part.holds(descriptor):
                    part.work(descriptor, self.now())
        for part in self.parts:
            timer = part.next_timer()
            if timer is not None and timer <= self.now():
                part.work(None, self.now())
        self.longest_turn = max(self.longest_turn, time.thread_time() - began)
        return len(ready)

    def now(self) -> float:
        return clock.now() + self.ahead

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Turn until a condition holds."""
        limit = clock.now() + LIMIT_SECONDS
        while not condition():
            assert clock.now() < limit, f"not in time: {what}"
            self.turn(TURN_SECONDS)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Turn in a thread, for clients that wait."""
        stop = threading.Event()
        thread = threading.Thread(target=lambda: self._turn_until(stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _turn_until(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.turn(TURN_SECONDS)


class Checks:
    """The states, and the checks that were asked for: `finish` ends them."""

    def __init__(self, states: list[CheckState]) -> None:
        self.states = {state.check_id: state for state in states}
        self.asked: dict[str, list[Callable[[CheckState], None]]] = {}
        self.begun = 0
        self.modes: dict[str, str] = {}
        """By service, where it is not the usual one."""
        self.faults: list[ConfigError] = []
        self.at_once = False
        """Whether they finish as soon as they are asked for."""

    def ask(self, check_id: str, done: Callable[[CheckState], None]) -> bool:
        if check_id not in self.states:
            return False
        if check_id not in self.asked:
            self.asked[check_id] = []
            self.begun += 1
        self.asked[check_id].append(done)
        if self.at_once:
            self.finish(check_id)
        return True

    def finish(self, check_id: str) -> None:
        for done in self.asked.pop(check_id):
            done(self.states[check_id])


class Knowledge:
    """What the socket tells of them."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks
        self.ask = checks.ask

    def states(self) -> list[CheckState]:
        return list(self.checks.states.values())

    def mode_of(self, state: CheckState) -> str:
        return self.checks.modes.get(state.service, ENFORCE)

    def faults(self) -> list[ConfigError]:
        return self.checks.faults


class Desk:
    """A loop, its checks, and a control socket in a folder. group: who may ask besides root and us."""

    def __init__(self, folder: Path, states: list[CheckState], group: int | None = None) -> None:
        self.folder = folder
        self.loop = Loop()
        self.checks = Checks(states)
        self.path = str(folder / SOCKET_NAME)
        self.server = ControlServer(
            listen_at(self.path, group),
            os.getegid() if group is None else group,
            self.loop.poller,
            Knowledge(self.checks),
        )
        self.loop.parts.append(self.server)

    def close(self) -> None:
        self.server.close()
        self.loop.close()

    def connect(self) -> socket.socket:
        """Return a connection that does not block."""
        connected = socket.socket(socket.AF_UNIX)
        connected.setblocking(False)

        def is_in() -> bool:
            try:
                connected.connect(self.path)
            except BlockingIOError:
                return False  # so many wait before it
            return True

        self.loop.until(is_in, "a place among those who wait")
        return connected

    def answer(self, octets: bytes) -> bytes:
        """Return all that a client hears that says this."""
        with self.connect() as connected:
            connected.send(octets)
            return self.hear_all(connected)

    def hear_all(self, connected: socket.socket) -> bytes:
        """Return all that is said until the end of the stream."""
        heard: list[bytes] = []

        def at_end() -> bool:
            while True:
                try:
                    octets = connected.recv(65536)
                except BlockingIOError:
                    return False
                except ConnectionResetError:
                    return True  # there was more to be said to the daemon than it read
                if not octets:
                    return True
                heard.append(octets)

        self.loop.until(at_end, "the end of an answer")
        return b"".join(heard)


def known(real_server: str = "10.0.0.42", healthy: bool | None = True, service: str = "web") -> CheckState:
    """Return the state of a check after its first run, None: before it."""
    state = CheckState(service, real_server, 1.0, None)
    if healthy is None:
        return state
    now = clock.now()
    state.state = UP if healthy else DOWN
    state.reason, state.detail = ("ok", "connected") if healthy else ("refused", "RST in SYN_SENT")
    state.since, state.judged_at = now - 192.0, now
    state.latency_ms, state.path, state.runs = 0.734, "raw", 3
    state.due = now + 0.5
    assert state.state != UNKNOWN
    return state
