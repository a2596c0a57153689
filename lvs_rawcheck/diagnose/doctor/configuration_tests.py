# SPDX-License-Identifier: GPL-2.0-or-later
"""What keepalived itself says of its configuration, what its version cannot do, and what ldirectord refuses.

Each row of the version table: from which version on, before which, what a configuration must have, and what happens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from shlex import quote

from lvs_rawcheck.config.keepalived import Configuration
from lvs_rawcheck.diagnose.doctor.causes import found, instruction
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.keepalived.config_test import config_test, installed_version
from lvs_rawcheck.generate.keepalived.existing import FILE_CHECK
from lvs_rawcheck.generate.keepalived.revert import scripts_of
from lvs_rawcheck.generate.keepalived.versions import version_fault

_MESSAGES_MOST = 20
_SECURITY = "SECURITY VIOLATION"
_HARMLESS = re.compile(r"no scheduler set, setting default|is deprecated|^\([^)]*\)\s+Please use ")
"""Said of what works all the same."""
_RELOAD_CHECK = "reload_check_config"
Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class VersionFault:
    """One row. before: None: no version is known that does better. places: where a configuration asks for it."""

    since: Version
    before: Version | None
    places: Callable[[Configuration], Iterator[str]]
    what: str
    advice: str


def _suspended_groups(configuration: Configuration) -> Iterator[str]:
    for virtual in configuration.site.virtual_servers:
        if virtual.ha_suspend and virtual.group_name is not None:
            yield f"virtual_server {virtual.label}"


def _reload_checks(configuration: Configuration) -> Iterator[str]:
    settings = configuration.site.settings
    users = {script.user or settings.script_user for script in scripts_of(configuration)} - {None, "root"}
    if _RELOAD_CHECK in settings.statements and users:
        yield f"{settings.span_of(_RELOAD_CHECK)}"


VERSION_FAULTS = (
    VersionFault(
        (2, 2, 2),
        None,
        _suspended_groups,
        "ha_suspend with a virtual_server_group: its checks are disabled at the start and never enabled again",
        "take ha_suspend out of it",
    ),
    VersionFault(
        (2, 2, 5),
        (2, 2, 8),
        _reload_checks,
        "reload_check_config, and a script with a user of its own: keepalived -t kills itself, so no reload is done",
        "take reload_check_config out, or install 2.2.8",
    ),
)
"""Besides those of FILE_CHECK, which the generator knows (generate/keepalived/versions.py)."""


def configuration_tests(here: Surroundings, program: str = "keepalived") -> Section:
    """Look at the version and at what -t says. program: keepalived."""
    section = Section("keepalived")
    if here.keepalived is None:
        return section
    seen = []
    version = installed_version(program)
    if version is None:
        section.gaps.append("keepalived's version: it is not installed here, or does not say it")
    else:
        seen.append(f"version {'.'.join(map(str, version))}")
        section.findings += version_findings(here.keepalived, version)
    path = here.keepalived.main.path
    try:
        tested = config_test(path, {}, here.config_id, program)
    except LinkError as error:
        section.gaps.append(f"keepalived -t: {error}")
    else:
        if tested.validated:
            seen.append("keepalived -t finds nothing")
        else:
            section.gaps.append(f"keepalived -t did not come to its end (status {tested.status})")
        section.findings += _said(path, tested.messages)
    section.looked_at = ", ".join(seen)
    return section


def ldirectord_configuration(here: Surroundings) -> Section:
    """Look at what ldirectord refuses: it would end at the first line of these, and keep what it has at a reload."""
    section = Section("ldirectord")
    if here.ldirectord is None:
        return section
    section.looked_at = here.ldirectord.main.path
    why = "ldirectord ends at the first line that it refuses, and a running one goes on without the change"
    for error in here.ldirectord.errors[:_MESSAGES_MOST]:
        fixes = [instruction("correct the line")]
        section.findings.append(found("config-fault", f"{error.span}", error.message, fixes, why=why))
    return section


def version_findings(configuration: Configuration, version: Version) -> Iterator[Finding]:
    """Yield what a version does not do of a configuration."""
    fault = version_fault(version)
    checkers = [
        checker
        for virtual in configuration.site.virtual_servers
        for real in virtual.real_servers
        for checker in real.checkers
        if checker.kind == FILE_CHECK
    ]
    if fault is not None and checkers:
        advice = "install another version, or generate anew with --style service"
        yield found("keepalived-version", f"{checkers[0].block.span}", fault, [instruction(advice)])
    for row in VERSION_FAULTS:
        if version >= row.since and (row.before is None or version < row.before):
            for place in row.places(configuration):
                yield found("keepalived-version", place, row.what, [instruction(row.advice)])


def _said(path: str, messages: tuple[str, ...]) -> Iterator[Finding]:
    security = [message for message in messages if message.startswith(_SECURITY)]
    if security:
        advice = "write enable_script_security into global_defs, once no script is found below that it would drop"
        fixes = [instruction(advice)]
        yield found("script-security", path, security[0], fixes)
    others = [message for message in messages if message not in security and not _HARMLESS.search(message)]
    for message in others[:_MESSAGES_MOST]:
        fixes = [instruction(f"correct it until nothing is said any more: keepalived -t -f {quote(path)}")]
        yield found("config-fault", path, message, fixes)
    if len(others) > _MESSAGES_MOST:
        what = f"{len(others) - _MESSAGES_MOST} messages more"
        yield found("config-fault", path, what, [instruction(f"see them all: keepalived -t -f {quote(path)}")])
