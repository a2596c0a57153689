# SPDX-License-Identifier: GPL-2.0-or-later
"""Two dumps of keepalived's, of a configuration before and after, by their text.

Every line counts but for what is named here: what changes from moment to moment (the states of checkers, of track
scripts and of instances, and when they changed), and the section about TLS, which keepalived has for SSL_GET alone
(dump_data_check in keepalived/check/check_data.c, dump_vrrp and dump_vscript in keepalived/vrrp/vrrp_data.c, 2.2.7).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.lab.conversion.told import checkers, servers

_GLOBALS_END = re.compile(r"^------< (?:SSL definitions|LVS Topology) >------$", re.MULTILINE)
_MOMENT_OF_A_CHECKER = re.compile(r" *(?:Up|Has run|Current weight|Retries iterations|Last ran|Last status) = ")
_MOMENT_OF_VRRP = re.compile(
    r" *(?:Last transition|Read timeout|State|Wantstate|Init state|Result|Status|Master priority|Master router"
    r"|Number of track scripts init|Number of interface and track script faults) = "
)
_SCRIPT = re.compile(r" +(\w+) state transition script = (.*), uid:gid (\d+:\d+)$")
_INSTANCE = re.compile(r" VRRP Instance = (.*)$")
_HEADING = re.compile(r"------< .* >------$")
_COMMAND = re.compile(r"^   script = (.*)$", re.MULTILINE)
_FIELD = re.compile(r"^   (timeout|uid:gid|dynamic) = (.*)$", re.MULTILINE)

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """What keepalived runs, as whom."""

    argv: Command
    uid_gid: str


@dataclass(slots=True)
class Difference:
    """What became of the checkers, as texts. lost: those of before that nothing stands for."""

    kept: list[str] = field(default_factory=list)
    replaced: list[tuple[str, str]] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def without_checkers(dump: str) -> list[str]:
    """Return the lines about everything but the checkers: global definitions, virtual and real servers."""
    definitions = _GLOBALS_END.split(dump)[0]
    return [*definitions.splitlines(), *servers(dump)]


def compare_checkers(before: str, after: str, ours: set[Command]) -> Difference:
    """Return what became of the checkers, in their order. ours: the commands of those that were planned."""
    difference = Difference()
    old = checkers(before)
    for checker in checkers(after):
        if command_of(checker) not in ours:
            # Whatever stands before it is gone.
            while old and lasting(old[0]) != lasting(checker):
                difference.lost.append(old.pop(0))
            if old:
                difference.kept.append(old.pop(0))
            else:
                difference.added.append(checker)
        elif old and server_of(old[0]) == server_of(checker):
            difference.replaced.append((old.pop(0), checker))
        else:
            difference.added.append(checker)
    difference.lost += old
    return difference


def lasting(checker: str) -> list[str]:
    """Return a checker's lines without those that change from moment to moment."""
    return [line for line in checker.splitlines() if not _MOMENT_OF_A_CHECKER.match(line)]


def server_of(checker: str) -> str:
    """Return the line that says which real server of which virtual server it asks."""
    return checker.splitlines()[0]


def command_of(checker: str) -> Command | None:
    """Return what a MISC_CHECK runs, None of other checkers."""
    found = _COMMAND.search(checker)
    return tuple(shlex.split(found[1])) if found else None


def fields_of(checker: str) -> dict[str, str]:
    """Return what a MISC_CHECK says of how it is run: `timeout` in seconds, `uid:gid`, `dynamic`."""
    return dict(_FIELD.findall(checker))


def without_scripts(dump: str) -> list[str]:
    """Return the lines of VRRP's dump but for those about notify scripts of instances."""
    return [
        line
        for name, line in _by_instance(dump)
        if not (name and _SCRIPT.match(line)) and not _MOMENT_OF_VRRP.match(line)
    ]


def notify_scripts(dump: str) -> dict[str, dict[str, Script]]:
    """Return the notify scripts of each VRRP instance, by the state's name as the dump has it: `Master`, `Generic`."""
    scripts: dict[str, dict[str, Script]] = {}
    for name, line in _by_instance(dump):
        if name and (found := _SCRIPT.match(line)):
            scripts.setdefault(name, {})[found[1]] = Script(tuple(shlex.split(found[2])), found[3])
    return scripts


def _by_instance(dump: str) -> Iterator[tuple[str, str]]:
    """Yield each line with the name of the VRRP instance that it is about, "" for those about other things."""
    name = ""
    for line in dump.splitlines():
        if begun := _INSTANCE.match(line):
            name = begun[1]
        elif _HEADING.match(line):
            name = ""
        yield name, line
