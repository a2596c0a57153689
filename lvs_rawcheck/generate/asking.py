# SPDX-License-Identifier: GPL-2.0-or-later
"""Asking a program what it thinks of a configuration: run to its end, within a time, with nothing of ours about it."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass

from lvs_rawcheck.errors import LinkError

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_MESSAGES_MOST = 4 << 20  # octets


@dataclass(frozen=True, slots=True)
class Answer:
    """How it ended. status: its exit status, or minus the signal; output: octets; messages: lines of its stderr."""

    status: int
    output: bytes
    messages: tuple[str, ...]


def ask(name: str, command: list[str], folder: str, seconds_most: float) -> Answer:
    """Return what a command answers. name: what messages call it; folder: where it runs.

    LinkError: it cannot be run, or takes too long; whatever it started ends with it.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={"PATH": _PATH, "LC_ALL": "C"},
            start_new_session=True,
        )
    except OSError as error:
        raise LinkError(f"cannot run {command[0]}: {error.strerror}") from error
    try:
        output, messages = process.communicate(timeout=seconds_most)
    except subprocess.TimeoutExpired:
        raise LinkError(f"{name} took more than {seconds_most:.0f} s") from None
    finally:
        _end(process)
    lines = messages[:_MESSAGES_MOST].decode("utf-8", "replace").splitlines()
    return Answer(process.returncode, output, tuple(lines))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that is still there, with its children, which are in its session."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
