# SPDX-License-Identifier: GPL-2.0-or-later
"""What befalls a daemon in the soak: servers fail, roles change, files are edited, people ask, and some ask badly."""

from __future__ import annotations

import heapq
import os
import random
import signal
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from lvs_rawcheck import clock
from lvs_rawcheck.daemon.metrics_server import CLIENTS_MOST
from lvs_rawcheck.director.control_socket import SOCKET_NAME, ControlConnection
from lvs_rawcheck.errors import LinkError
from tests.bench.soak_site import SHAKY, SoakSite
from tests.daemon.process import Process
from tests.netns.roles import host_prefix, lose_vip

_ANSWER_SECONDS = 10.0
_METRICS_LEAST = 1000  # octets
_HOSTILE_MOST = 20  # clients at once
_EXTRA = "extra"
_GARBAGE = (b"\0" * 5000, b"{}\n", b'{"op": "check", "id": "../../etc/passwd"}\n', b"[" * 4000 + b"\n", b'{"op": "sta')


class Events:
    """Events at random moments, the same in each soak. Call `work` often. metrics: the path of their socket."""

    def __init__(self, site: SoakSite, daemon: Process, metrics: str) -> None:
        self.happened: Counter[str] = Counter()
        self.refusals: list[str] = []
        """Of good questions."""
        self._site = site
        self._daemon = daemon
        self._metrics = metrics
        self._dice = random.Random(1)
        self._numbers = count()
        self._open: list[socket.socket] = []
        self._failing: set[int] = set()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        events: list[tuple[float, Callable[[], None]]] = [
            (3.0, self._vip_lost),
            (40.0, self._host_gone),
            (4.0, self._roles_flap),
            (7.0, self._file_edited),
            (5.0, self._scraped),
            (5.0, self._status_asked),
            (0.5, self._check_asked),
            (1.0, self._hostile),
        ]
        for pause, event in events:
            self._again(pause, event, min(pause, 3.0))

    def work(self) -> None:
        """Let happen what is due."""
        while self._due and self._due[0][0] <= clock.now():
            heapq.heappop(self._due)[2]()

    def close(self) -> None:
        """Let nothing more happen."""
        self._due.clear()
        for each in self._open:
            each.close()

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (clock.now() + seconds, next(self._numbers), action))

    def _again(self, pause: float, event: Callable[[], None], within: float) -> None:
        """Let an event happen after half to one and a half of a pause, and again and again."""

        def happen() -> None:
            self.happened[event.__name__.strip("_")] += 1
            event()
            self._again(pause, event, pause)

        self._after(within * (0.5 + self._dice.random()), happen)

    # Servers and roles ---------------------------------------------------------------------------------------

    def _vip_lost(self) -> None:
        host, vip = self._site.shaky_host(self._dice.randrange(SHAKY)), self._dice.choice(self._site.vips)
        with suppress(AssertionError):  # it is lost already
            lose_vip(host, vip)
            self._after(2.0 + 6.0 * self._dice.random(), lambda: host.add_address(host_prefix(vip), "lo"))

    def _host_gone(self) -> None:
        number = self._dice.randrange(SHAKY)
        if number not in self._failing:
            self._failing.add(number)
            self._site.network.unplug(self._site.shaky_host(number))
            self._after(6.0, lambda: self._host_back(number))

    def _host_back(self, number: int) -> None:
        self._site.network.carry_again(self._site.shaky_host(number))
        self._failing.remove(number)

    def _roles_flap(self) -> None:
        role_file = self._site.desk.role_file
        for number in range(6):
            self._after(number * 0.1, lambda role=number % 2: self._take_role(role))  # type: ignore[misc]
        self._take_role(0)
        assert role_file.exists()

    def _take_role(self, role: int) -> None:
        new = self._site.desk.role_file.with_suffix(".new")
        new.write_text(f"{role}\n")
        os.replace(new, self._site.desk.role_file)

    # The registry --------------------------------------------------------------------------------------------

    def _file_edited(self) -> None:
        services = self._site.desk.services
        extra = services / f"{_EXTRA}.toml"
        match self._dice.randrange(5):
            case 0:
                self._site.write_extra(_EXTRA, self._dice.choice(self._site.vips), 1 + self._dice.randrange(8))
            case 1:
                extra.unlink(missing_ok=True)
            case 2:
                extra.write_text("endpoint = [\n")
            case 3 if extra.exists():
                extra.rename(services / "renamed.toml")
            case _:
                (services / "renamed.toml").unlink(missing_ok=True)
        self._daemon.signal(signal.SIGHUP)

    # Those who ask -------------------------------------------------------------------------------------------

    def _scraped(self) -> None:
        octets = 0
        try:
            with self._connected(self._metrics) as client:
                client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
                while received := client.recv(1 << 16):
                    octets += len(received)
        except OSError as error:
            self.refusals.append(f"metrics: {error}")
        if octets < _METRICS_LEAST:
            self.refusals.append(f"metrics of {octets} octets")

    def _status_asked(self) -> None:
        try:
            with self._asking() as connection:
                connection.ask({"op": "status"})
                while "checks" not in connection.next_line():
                    pass
        except LinkError as error:
            self.refusals.append(f"status: {error}")

    def _check_asked(self) -> None:
        checks = [path.stem for path in self._site.desk.services.glob("[dht]*.toml")]
        check_id = f"{self._dice.choice(sorted(checks))}/{self._dice.choice(self._site.addresses)}"
        try:
            with self._asking() as connection:
                connection.ask({"op": "check", "id": check_id})
                connection.next_line()
                connection.next_line()
        except LinkError as error:
            self.refusals.append(f"check of {check_id}: {error}")

    def _asking(self) -> ControlConnection:
        return ControlConnection(str(self._site.desk.state), clock.now() + _ANSWER_SECONDS)

    def _hostile(self) -> None:
        for each in self._open:
            each.close()
        self._open.clear()
        control = str(self._site.desk.state / SOCKET_NAME)
        for path, most in ((self._metrics, CLIENTS_MOST // 2), (control, _HOSTILE_MOST)):
            for _ in range(self._dice.randrange(most)):
                client = self._connected(path)
                self._open.append(client)
                with suppress(OSError):  # it has hung up
                    client.sendall(self._dice.choice(_GARBAGE))

    def _connected(self, path: str) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(_ANSWER_SECONDS)
        client.connect(path)
        return client
