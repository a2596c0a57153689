# SPDX-License-Identifier: GPL-2.0-or-later
"""The keepalived that runs here: which process, started how.

Reading list: proc(5); keepalived's start_keepalived() and parse_cmdline() in keepalived/core/main.c (the parent forks
one child each for checkers, VRRP and BFD), pidfile.h (where their numbers are written).
Invariants: a process is keepalived's by the file that it executes, never by its name, which anybody can take on; only
those of this network namespace count; nothing is signalled here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from lvs_rawcheck.errors import LinkError

PROGRAM = "keepalived"
DEFAULT_CONFIG = "/etc/keepalived/keepalived.conf"
# RUNSTATEDIR as distributions build it; in the folder: `use_pid_dir`, and `instance NAME` as checkers_NAME.pid.
_PID_FILE = "/run/checkers.pid"
_PID_FOLDER = "/run/keepalived"
_DELETED = " (deleted)"
"""What the kernel adds to the path of a program that was replaced while it runs: an upgrade."""
_SHORT_WITH_VALUE = "uSfpirscbA"
_SHORT_WITH_OPTIONAL = "Mgt"
_LONG = {"use-file": "f", "config-id": "i", "checkers_pid": "c"}
_PID_OCTETS = 20


@dataclass(slots=True)
class Keepalived:
    """A running keepalived. checker: the number of its checker process, None where no pid file names one."""

    parent: int
    children: list[int]
    checker: int | None
    config: str
    config_id: str | None
    """As given on its command line; None: this host's short name, as keepalived's default is."""

    @property
    def processes(self) -> list[int]:
        """Return the numbers of all its processes."""
        return [self.parent, *self.children]


def find_keepalived(proc: str = "/proc") -> Keepalived:
    """Return the keepalived of this network namespace; LinkError: there is none, several, or we may not look."""
    mine, elsewhere = _processes(proc)
    # A script that was forked a moment ago may have ended; the first process of a container has the parent 0.
    parent_of = {pid: parent for pid in sorted(mine) if (parent := _parent_of(proc, pid)) is not None}
    parents = [pid for pid, parent in parent_of.items() if parent not in mine]
    if len(parents) == 1:
        return _described(proc, parents[0], [pid for pid, parent in parent_of.items() if parent == parents[0]])
    if parents:
        raise LinkError(f"several keepalived run in this network namespace: processes {', '.join(map(str, parents))}")
    if elsewhere:
        sentence = f"keepalived runs in another network namespace (process {elsewhere[0]}), none in this one"
        raise LinkError(f"{sentence}: try `nsenter -t {elsewhere[0]} -n lvs-rawcheck verify`")
    raise LinkError("keepalived does not run here")


def _processes(proc: str) -> tuple[set[int], list[int]]:
    """Return the numbers of keepalived's processes in this network namespace, and in others."""
    own = os.stat(f"{proc}/self/ns/net").st_ino
    mine: set[int] = set()
    elsewhere: list[int] = []
    hidden: list[int] = []
    for pid in _numbers(proc):
        try:
            if executes_keepalived(proc, pid):
                (mine.add if os.stat(f"{proc}/{pid}/ns/net").st_ino == own else elsewhere.append)(pid)
        except PermissionError:
            if _calls_itself_keepalived(proc, pid):
                hidden.append(pid)
        except OSError:
            continue  # it has ended meanwhile
    if hidden and not mine:
        raise LinkError(f"keepalived (process {hidden[0]}) cannot be looked at: this needs root")
    return mine, sorted(elsewhere)


def _numbers(proc: str) -> Iterator[int]:
    return (int(name) for name in os.listdir(proc) if name.isascii() and name.isdecimal())


def executes_keepalived(proc: str, pid: int) -> bool:
    """Return whether a process executes keepalived; OSError: it is gone, or not ours to look at."""
    path = os.readlink(f"{proc}/{pid}/exe").removesuffix(_DELETED)
    return path.rpartition("/")[2] == PROGRAM


def _calls_itself_keepalived(proc: str, pid: int) -> bool:
    try:
        with open(f"{proc}/{pid}/comm", "rb") as file:
            return file.read().strip() == PROGRAM.encode()
    except OSError:
        return False


def _parent_of(proc: str, pid: int) -> int | None:
    """Return the number of a process's parent, None for one that has ended."""
    try:
        with open(f"{proc}/{pid}/stat", "rb") as file:
            # The second field is the name in parentheses, which may hold anything; the fourth the parent.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _described(proc: str, parent: int, children: list[int]) -> Keepalived:
    options = command_line_options(_command_line(proc, parent))
    root = f"{proc}/{parent}/root"
    numbers = {_pid_in(root + path) for path in _pid_files(root, options.get("c"))}
    checkers = [pid for pid in children if pid in numbers]
    config = options.get("f", DEFAULT_CONFIG)
    return Keepalived(parent, sorted(children), checkers[0] if len(checkers) == 1 else None, config, options.get("i"))


def _command_line(proc: str, pid: int) -> list[str]:
    try:
        with open(f"{proc}/{pid}/cmdline", "rb") as file:
            return file.read().decode("utf-8", "surrogateescape").split("\0")[1:-1]
    except OSError:
        return []


def command_line_options(words: list[str]) -> dict[str, str]:
    """Return the values of keepalived's options by their letter, of those that have one; the last one counts."""
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if letter := _LONG.get(name):
                found[letter] = value if equals else next(rest, "")
        elif word.startswith("-"):
            _read_cluster(word[1:], rest, found)
    return found


def _read_cluster(letters: str, rest: Iterator[str], found: dict[str, str]) -> None:
    """Read options run together: `-nlf FILE`, `-nlfFILE`."""
    for position, letter in enumerate(letters, 1):
        if letter in _SHORT_WITH_VALUE:
            found[letter] = letters[position:] or next(rest, "")
        if letter in _SHORT_WITH_VALUE + _SHORT_WITH_OPTIONAL:
            return


def _pid_files(root: str, given: str | None) -> list[str]:
    if given is not None:
        return [given]
    try:
        names = os.listdir(root + _PID_FOLDER)
    except OSError:
        names = []
    in_folder = [f"{_PID_FOLDER}/{name}" for name in names if name.startswith("checkers") and name.endswith(".pid")]
    return [_PID_FILE, *in_folder]


def _pid_in(path: str) -> int | None:
    """Return the number in a file, None where there is none to be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return int(os.read(descriptor, _PID_OCTETS))
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return None
