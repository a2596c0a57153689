# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands that a person runs after something was written, or to undo it: nothing is reloaded by itself."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import join, quote

from lvs_rawcheck.generate.program import Program
from lvs_rawcheck.generate.replace import BACKUP_MARK
from lvs_rawcheck.generate.write import Written
from lvs_rawcheck.registry.files import SUFFIX

RELOAD_DAEMON = "systemctl reload-or-restart lvs-rawcheck"
"""What makes the daemon read the service files."""


def commands_to_load(program: Program, path: str, plan_words: Sequence[str]) -> list[str]:
    """Return what makes it read the new configuration, and shows that it did.

    path: of the main file, as its user named it; plan_words: the command line that shows the plan.
    """
    return [
        join(("lvs-rawcheck", "generate", *plan_words, "--check")),
        *program.commands_to_reload(path),
        *program.commands_to_verify(path),
    ]


def commands_to_undo(written: Written, services_folder: str, to_reload: Sequence[str]) -> list[str]:
    """Return what puts everything back: what the configuration names first, the configuration last.

    Programs that were not there stay: they are called until the old configuration is read.
    """
    commands = []
    if written.service_backups:
        # One line, however many files: .NAME.toml.STAMP becomes NAME.toml.
        ending = f".{written.stamp}.{BACKUP_MARK}"
        commands.append(
            f"(cd {quote(services_folder)} && for f in .*{SUFFIX}{ending}; do t=${{f#.}};"
            f' mv -f -- "$f" "${{t%{ending}}}"; done)'
        )
    commands += [join(("mv", "-f", "--", backup, path)) for path, backup in written.backups]
    commands += [join(("rm", "-f", "--", path)) for path in written.created]
    return [*commands, *to_reload] if written.configuration else commands


def command_to_tidy(services_folder: str, unused: Sequence[str], executables: Sequence[str]) -> str | None:
    """Return what removes what nothing names any more; None: there is nothing. After the reload only.

    unused: services; executables: paths.
    """
    if not unused and not executables:
        return None
    return join(("rm", "--", *(f"{services_folder}/{name}{SUFFIX}" for name in unused), *executables))
