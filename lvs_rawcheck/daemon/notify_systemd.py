# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd is told of a service of Type=notify, and the watchdog that it may want to hear.

Reading list: sd_notify(3), sd_watchdog_enabled(3), systemd.service(5). Without $NOTIFY_SOCKET nothing is said; a
datagram that is not taken is lost, and nobody waits for it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from lvs_rawcheck import clock

_STATUS_CHARACTERS = 200
_MICROSECONDS = 1_000_000


class SystemdNotifier:
    """The service manager's ear, as the environment names it. Close it."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._socket: socket.socket | None = None
        if self._address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.watchdog_seconds = _watchdog_seconds(environment) if self._socket is not None else None
        """Without a word for so long we are killed; None: nobody listens for it."""
        self._next_word = 0.0

    def close(self) -> None:
        """Say nothing any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ready(self) -> None:
        """Say that the service has started, or has read its configuration again."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` must follow."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(clock.now() * _MICROSECONDS)}")

    def stopping(self) -> None:
        """Say that the service is about to end."""
        self._tell("STOPPING=1")

    def status(self, sentence: str) -> None:
        """Say what `systemctl status` shows."""
        shown = "".join(c if c.isprintable() else " " for c in sentence[:_STATUS_CHARACTERS])
        self._tell(f"STATUS={shown}")

    def next_timer(self) -> float | None:
        """Return when the watchdog wants its next word, monotonic seconds; None: never."""
        return None if self.watchdog_seconds is None else self._next_word

    def holds(self, descriptor: int) -> bool:
        """Return False: nothing comes back."""
        return False

    def work(self, descriptor: int | None, now: float) -> None:
        """Give the watchdog a word if it is time: at half of what it allows."""
        if self.watchdog_seconds is not None and now >= self._next_word:
            self._next_word = now + self.watchdog_seconds / 2
            self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if self._socket is None or self._address is None:
            return
        try:
            self._socket.sendto("\n".join(lines).encode("utf-8", "backslashreplace"), self._address)
        except OSError:
            return  # a manager that is restarted, or whose queue is full


def _address(text: str) -> str | None:
    """Return the address of a Unix socket: a path, or an abstract name, which is written with an @."""
    if text.startswith("@"):
        return "\0" + text[1:]
    return text if text.startswith("/") else None


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    microseconds, process = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    meant = not process or process == str(os.getpid())
    if not meant or not (microseconds.isascii() and microseconds.isdecimal()) or len(microseconds) > 18:
        return None
    return int(microseconds) / _MICROSECONDS or None
