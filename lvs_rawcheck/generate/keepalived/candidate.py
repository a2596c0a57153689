# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a configuration may be written.

Two questions: what would keepalived say of it that it does not say now, and would it run the scripts of ours?
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lvs_rawcheck.config.keepalived import Configuration
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.keepalived.config_test import config_test, messages_added
from lvs_rawcheck.generate.keepalived.revert import scripts_of
from lvs_rawcheck.generate.keepalived.versions import version_fault
from lvs_rawcheck.generate.scripts import script_fault

# Said wherever scripts run without enable_script_security: of a site's first scripts for the first time (check_data.c).
_WITHOUT_SECURITY = re.compile(r"SECURITY VIOLATION - .*script_security not enabled")


@dataclass(slots=True)
class Judgement:
    """refusals: why it may not; notes: what could not be looked at."""

    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def judge_by_keepalived(
    path: str, result: Mapping[str, bytes], config_id: str | None, reloads_only_if_sound: bool = False
) -> Judgement:
    """Return what `keepalived -t` says of a result, compared with what it says now. path: of the main file.

    reloads_only_if_sound: whether it has reload_check_config, by which any message at all keeps it from reloading.
    """
    judgement = Judgement()
    try:
        before = config_test(path, {}, config_id)
        after = config_test(path, result, config_id)
    except LinkError as error:
        judgement.notes.append(f"keepalived itself was not asked about the result: {error}")
        return judgement
    if not before.validated:
        judgement.notes.append(
            f"keepalived -t ends with {_ending(before.status)} on the configuration as it is: it says nothing of the"
            " result"
        )
        return judgement
    if not after.validated:
        judgement.refusals.append(f"keepalived -t ends with {_ending(after.status)} on the result")
    if reloads_only_if_sound and after.status != 0:
        said = judgement.refusals if before.status == 0 else judgement.notes
        said.append(
            "reload_check_config: keepalived would not reload the result, since keepalived -t ends with"
            f" {_ending(after.status)} on it, and with {_ending(before.status)} on the configuration as it is"
        )
    for message in messages_added(before, after):
        said = judgement.notes if _WITHOUT_SECURITY.match(message) else judgement.refusals
        said.append(f"keepalived -t says of the result: {message}")
    return judgement


def _ending(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"


def judge_version(version: tuple[int, ...] | None) -> list[str]:
    """Return why the keepalived of this host cannot be told by track files. version: None: not known."""
    fault = None if version is None else version_fault(version)
    return [] if fault is None else [f"this host's {fault}"]


def judge_scripts(result: Configuration, programs: Iterable[str]) -> Judgement:
    """Return which scripts of ours keepalived would not run, or not safely. programs: what ours are called."""
    ours = frozenset(programs)
    wanted = dict.fromkeys(
        (script.argv[0], script.user, script.group)
        for script in scripts_of(result)
        if script.argv and script.argv[0] in ours
    )
    faults = (script_fault(*each) for each in wanted)
    return Judgement([f"keepalived would not run it: {fault}" for fault in faults if fault is not None])
