# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run that wrote, or would not write, tells its user: refusals first, then what was done, then what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from lvs_rawcheck.cli.output import complain, say
from lvs_rawcheck.generate.commands import RELOAD_DAEMON, command_to_tidy, commands_to_load, commands_to_undo
from lvs_rawcheck.generate.decision import Decision
from lvs_rawcheck.generate.program import Program
from lvs_rawcheck.generate.write import Written

_SHOWN = 8
_TITLES = {
    "load": "To load it",
    "tidy": "To remove, once it is loaded, what nothing names any more",
    "undo": "To undo it",
}


@dataclass(slots=True)
class Told:
    """All that is told. plan_words: the command line that shows the plan."""

    program: Program
    file: str
    """The main configuration, links resolved."""
    named: str
    """The same as its user named it, absolute."""
    as_json: bool
    plan_words: list[str]
    sentence: str = ""
    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    here: bool = True
    """False: for another host, where its own people load it."""
    written: Written = field(default_factory=Written)
    services_folder: str = ""
    daemon_lives: bool = False
    """Whether a daemon runs that reads the service files only when it is told to."""
    rewritten: list[str] = field(default_factory=list)
    """Services whose running checks change at once."""
    unused: list[str] = field(default_factory=list)
    """Services that no stanza names any more."""
    unused_executables: list[str] = field(default_factory=list)
    """Paths of programs of ours that nothing calls any more."""
    roles: list[str] = field(default_factory=list)
    """Instances whose role file was written."""

    def take(self, decision: Decision) -> None:
        """Tell what was decided, too."""
        self.refusals += decision.refusals
        self.notes += decision.notes

    def note_unused_executables(self, paths: Iterable[str]) -> None:
        """Tell to remove programs of ours, those that are there."""
        self.unused_executables = [path for path in paths if os.path.lexists(path)]

    def note_link(self, named: str, real: str, changes: bool) -> None:
        """Tell that what was named is a symbolic link, and which file is written."""
        if changes and os.path.islink(named):
            self.notes.append(f"{named} is a symbolic link: {real} is written")


def tell(told: Told, status: int) -> int:
    """Say it all; return the exit status."""
    if told.as_json:
        say(json.dumps(_to_json(told), indent=2))
        return status
    for refusal in told.refusals:
        complain(f"lvs-rawcheck: {_printable(refusal)}")
    for note in told.notes:
        say(f"note: {_printable(note)}")
    for text in (*_done(told), *_next(told)):
        say(text)
    if told.sentence:
        say(told.sentence)
    return status


def _printable(text: str) -> str:
    """Return a text that quotes files and servers, without what a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _done(told: Told) -> list[str]:
    written = told.written
    lines = []
    if written.services:
        lines.append(f"written in {told.services_folder}: {_several(written.services)}")
    folders = dict.fromkeys(os.path.dirname(path) for path in written.executables)
    for folder in folders:
        names = [os.path.basename(path) for path in written.executables if os.path.dirname(path) == folder]
        lines.append(f"programs written in {folder}: {_several(names)}")
    if told.roles:
        lines.append(f"role files written: {_several(told.roles)}")
    backups = dict(written.backups)
    for path in written.configuration:
        backup = backups.get(path)
        lines.append(f"written: {path}" + (f" (what was there: {backup})" if backup is not None else ""))
    lines += [f"note: {note}" for note in written.notes]
    rewritten = [name for name in told.rewritten if name in written.services]
    if rewritten:
        lines.append(f"note: checks that run already are changed at once, not by the reload: {_several(rewritten)}")
    return lines


def _next(told: Told) -> list[str]:
    lines = []
    for purpose, commands in _commands(told).items():
        if commands:
            lines += ["", f"{_TITLES[purpose]}:", *(f"  {command}" for command in commands)]
    return lines


def _commands(told: Told) -> dict[str, list[str]]:
    written = told.written
    if not written.configuration and not written.services and not written.executables:
        return {}
    if not told.here:
        return {"undo": commands_to_undo(written, told.services_folder, ())}
    to_daemon = [RELOAD_DAEMON] if told.daemon_lives and written.services else []
    to_reload = told.program.commands_to_reload(told.named)
    tidy = command_to_tidy(told.services_folder, told.unused, told.unused_executables)
    load = commands_to_load(told.program, told.named, told.plan_words) if written.configuration else []
    return {
        "load": [*to_daemon, *load],
        "tidy": [tidy] if tidy is not None else [],
        "undo": [*commands_to_undo(written, told.services_folder, to_reload), *to_daemon],
    }


def _several(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _to_json(told: Told) -> dict[str, object]:
    written = told.written
    return {
        "file": told.file,
        "written": written.configuration,
        "services": written.services,
        "executables": written.executables,
        "backups": dict(written.backups),
        "refused": told.refusals,
        "notes": [*told.notes, *written.notes],
        "commands": _commands(told),
    }
