# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody who looks at the tables of all directors all the time. Times are seconds of the monotonic clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from lab.network import Host

from lvs_rawcheck.director.ipvs import parse_table
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.wire.address import format_address, parse_address
from tests.lab.daemon.configuration import PORT, REALS, VIRTUALS

Table = dict[str, str]
"""By the name of a virtual the names of the real servers that get its traffic; no virtual, no entry."""
_NAMES = {address: name for name, address in REALS.items()}


def table_of(host: Host) -> Table:
    """Return what is in a director's table now."""
    found = parse_table(host.net_file("ip_vs").encode()).services
    keys = {virtual.name: ("tcp", parse_address(virtual.vip), PORT) for virtual in VIRTUALS}
    return {
        name: "".join(
            sorted(_NAMES[format_address(address)] for (address, _), there in found[key].items() if there.weight)
        )
        for name, key in keys.items()
        if key in found
    }


class Watch:
    """Looks every `pace` seconds, in a thread of its own, which ends with the machine."""

    def __init__(self, hosts: Sequence[Host], pace: float) -> None:
        self._hosts = hosts
        self._pace = pace
        self._seen: dict[str, list[tuple[float, Table]]] = {host.name: [] for host in hosts}
        self._lock = threading.Lock()
        self._longest_pause = 0.0
        self._look()
        threading.Thread(target=self._run, daemon=True).start()

    def now(self, host: str) -> Table:
        """Return the table as it was seen last."""
        with self._lock:
            return self._seen[host][-1][1]

    def seen(self, host: str, since: float) -> list[tuple[float, Table]]:
        """Return all tables that there were since then: the one that there was already, and each change."""
        with self._lock:
            history = self._seen[host]
            before = [each for each in history if each[0] <= since]
            return before[-1:] + history[len(before) :]

    def longest_pause(self) -> float:
        """Return for how many seconds nobody looked, at most, since the last call."""
        with self._lock:
            found, self._longest_pause = self._longest_pause, 0.0
            return found

    def _run(self) -> None:
        last = time.monotonic()
        while True:
            time.sleep(self._pace)
            now = time.monotonic()
            with self._lock:
                self._longest_pause = max(self._longest_pause, now - last)
            last = now
            self._look()

    def _look(self) -> None:
        for host in self._hosts:
            try:
                table = table_of(host)
            except LinkError:
                continue  # a table that changed as it was read: the next look tells
            with self._lock:
                history = self._seen[host.name]
                if not history or history[-1][1] != table:
                    history.append((time.monotonic(), table))
