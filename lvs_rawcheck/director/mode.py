# SPDX-License-Identifier: GPL-2.0-or-later
"""The switch for three in the morning: what the checks of a service do, whatever its configuration says.

STATE/mode/<service> holds one line, `MODE UNTIL`: UNTIL in whole seconds of /proc/uptime, or `-` for until the next
boot, with which /run goes. It goes before the registry's `mode`.
"""

from __future__ import annotations

import os
from math import ceil

from lvs_rawcheck import clock
from lvs_rawcheck.director.state_folder import open_state, read_line, write_line

ENFORCE, OBSERVE, STANDARD_MODE = "enforce", "observe", "standard"
MODES = (ENFORCE, OBSERVE, STANDARD_MODE)
"""Judge by the raw check; run it, log it, and judge by the standard one; send no raw probe."""

_FOLDER = "mode"
_LINE_OCTETS = 64
_FOR_EVER = "-"


class Override:
    """A mode, and until when, in seconds of uptime; None: until the next boot."""

    __slots__ = ("mode", "until")

    def __init__(self, mode: str, until: int | None) -> None:
        self.mode = mode
        self.until = until

    def seconds_left(self) -> float | None:
        """Return how long it still holds; None: until the next boot."""
        return None if self.until is None else self.until - clock.uptime()


def read_override(state_dir: str, service: str) -> tuple[Override | None, str | None]:
    """Return what holds now, None for nothing; and what is wrong with the file, a sentence or None.

    A file that cannot be read says nothing: the registry's mode holds.
    """
    try:
        folder = _open_existing(state_dir)
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError) as error:
        return None, f"mode folder of {state_dir!r}: {_reason(error)}; not read"
    try:
        override = _parse(read_line(folder, service, _LINE_OCTETS))
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError) as error:
        return None, f"mode file of {service}: {_reason(error)}; not followed"
    finally:
        os.close(folder)
    left = override.seconds_left()
    return (override if left is None or left > 0 else None), None


def override_names(state_dir: str) -> list[str]:
    """Return the services that have an override, valid or not; none where there is no folder of them."""
    try:
        return [name for name in os.listdir(f"{state_dir}/{_FOLDER}") if not name.startswith(".")]
    except OSError:
        return []


def write_override(state_dir: str, service: str, mode: str, seconds: float | None) -> None:
    """Set a service's mode for some time, None: until the next boot; OSError."""
    until = _FOR_EVER if seconds is None else str(ceil(clock.uptime() + seconds))
    folder = open_state(state_dir, _FOLDER)
    try:
        write_line(folder, service, f"{mode} {until}")
    finally:
        os.close(folder)


def clear_override(state_dir: str, service: str) -> None:
    """Let the registry say again; OSError."""
    folder = open_state(state_dir, _FOLDER)
    try:
        os.unlink(service, dir_fd=folder)
    except FileNotFoundError:
        return
    finally:
        os.close(folder)


def _open_existing(state_dir: str) -> int:
    """Return a descriptor of the folder; a check that only reads makes none."""
    if not os.path.isdir(f"{state_dir}/{_FOLDER}"):
        raise FileNotFoundError
    return open_state(state_dir, _FOLDER)


def _parse(line: str) -> Override:
    mode, _, until = line.partition(" ")
    if mode not in MODES or not (until == _FOR_EVER or (until.isdigit() and len(until) < 12)):
        raise ValueError(f"not a mode and a time: {line!r}")
    return Override(mode, None if until == _FOR_EVER else int(until))


def _reason(error: Exception) -> str:
    return (error.strerror or "open to others") if isinstance(error, OSError) else str(error)
