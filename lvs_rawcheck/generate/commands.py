# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands that a person runs after something was written, or to undo it: nothing is reloaded by itself."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import join, quote

from lvs_rawcheck.generate.replace import BACKUP_MARK
from lvs_rawcheck.generate.write import Written
from lvs_rawcheck.registry.files import SUFFIX

RELOAD = "systemctl reload keepalived"


def commands_to_load(file: str, plan_words: Sequence[str]) -> list[str]:
    """Return what makes keepalived read the new configuration, and shows that it did. plan_words: of the plan."""
    return [
        join(("lvs-rawcheck", "generate", *plan_words, "--check")),
        RELOAD,
        join(("lvs-rawcheck", "verify", file)),
    ]


def commands_to_undo(written: Written, services_folder: str) -> list[str]:
    """Return what puts everything back: what the configuration names first, the configuration last."""
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
    if written.configuration:
        commands.append(RELOAD)
    return commands


def command_to_tidy(services_folder: str, unused: Sequence[str]) -> str | None:
    """Return what removes service files that no stanza names any more; None: there are none. After the reload only."""
    if not unused:
        return None
    return join(("rm", "--", *(f"{services_folder}/{name}{SUFFIX}" for name in unused)))
