# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of `generate`'s command line that says what is planned, and for which program."""

from __future__ import annotations

from collections.abc import Mapping

from lvs_rawcheck.checks import request as requests
from lvs_rawcheck.checks.parameters import one_of
from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.checks.request_values import parse_timeout
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine, Option
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.keepalived.program import Keepalived
from lvs_rawcheck.generate.ldirectord.program import Ldirectord
from lvs_rawcheck.generate.options import (
    PROGRAM,
    SCRIPTS_DIR,
    SERVICE,
    SERVICES_DIR,
    STATE_DIR,
    STYLES,
    TRACK_FILE,
    WRAPPERS_DIR,
    PlanOptions,
    parse_fwmark,
)
from lvs_rawcheck.generate.program import Program
from lvs_rawcheck.registry.templates import OVERRIDES_DIR

VERSION_DEFAULT = "2.2.7"
PROGRAMS = ("keepalived", "ldirectord")


def _version(text: str) -> tuple[int, ...]:
    words = text.removeprefix("v").split(".")
    if not 2 <= len(words) <= 3 or not all(word.isascii() and word.isdigit() and len(word) < 5 for word in words):
        raise UsageError(f"not a version like {VERSION_DEFAULT}: {text!r}")
    return tuple(map(int, (*words, "0")[:3]))


def _folder(text: str) -> str:
    if not text.startswith("/"):
        raise UsageError(f"not an absolute path: {text!r}")
    return text


def _role_file(text: str) -> str:
    return text if text == ROLE_AUTO else _folder(text)


PLAN_OPTIONS = (
    Option(
        "",
        "style",
        "service|track-file|inline",
        "what stanzas go by: the registry's checks, the daemon's files, or one complete line (keepalived)",
        one_of(*STYLES),
        SERVICE,
    ),
    Option("", "keep-existing", None, "put raw checks beside the checkers, not in their place (keepalived)"),
    Option(
        "", "file-check-only", None, "style track-file: in the place of the checkers, so that all depends on the daemon"
    ),
    Option("", "add-missing", None, "check servers, too, that have no check at all"),
    Option(
        "", "only", "NAME", "these virtual servers: address, address:port, group or fwm-N, * for anything", many=True
    ),
    Option("", "exclude", "NAME", "not these virtual servers", many=True),
    Option(
        "",
        "standby",
        "fallback|raw",
        "on a backup: the check that the site had (default), or the raw one all the same",
        one_of(requests.FALLBACK, requests.STANDBY_RAW),
        requests.FALLBACK,
    ),
    Option(
        "t",
        "timeout",
        "SECONDS",
        "one deadline for every check (default: of each check that is replaced)",
        parse_timeout,
    ),
    Option("", "fwmark", "N=VIP:PORT[,...][/PROTO]", "what a firewall mark stands for", parse_fwmark, many=True),
    Option("", "config-id", "ID", "the node that the plan is for, as @ID means it (keepalived -i)"),
    Option("", "keepalived-version", "VERSION", f"how keepalived.conf is read (default: {VERSION_DEFAULT})", _version),
    Option("", "scripts", "DIR", f"where `verdict` and `notify` are (default: {SCRIPTS_DIR})", _folder, SCRIPTS_DIR),
    Option("", "program", "PATH", f"what inline stanzas call (default: {PROGRAM})", _folder, PROGRAM),
    Option("", "services", "DIR", f"the registry (default: {SERVICES_DIR})", _folder, SERVICES_DIR),
    Option("", "state", "DIR", f"where roles and verdicts are (default: {STATE_DIR})", _folder, STATE_DIR),
    Option("", "user", "NAME", "whom the stanzas run as (keepalived; default: root)", default="root"),
    Option(
        "",
        "wrappers",
        "DIR",
        f"where the programs are that ldirectord calls (default: {WRAPPERS_DIR})",
        _folder,
        WRAPPERS_DIR,
    ),
    Option("", "role-file", "FILE|auto", "whose role decides (ldirectord; default: auto)", _role_file, ROLE_AUTO),
    Option("", "observe", None, "the services only observe at first: the standard check decides"),
    Option(
        "",
        "templates",
        "DIR",
        f"templates that override the shipped ones (default: {OVERRIDES_DIR})",
        default=OVERRIDES_DIR,
    ),
    Option("", "json", None, "print one JSON object"),
    Option("", "check", None, "say only whether anything would change"),
)


# What one program's plan has no use for: to say it all the same is a slip.
_ONLY = {
    "keepalived": ("keep_existing", "file_check_only", "config_id", "keepalived_version", "style", "program", "user"),
    "ldirectord": ("wrappers", "role_file"),
}


def program_of(line: CommandLine) -> Program:
    """Return the program whose configuration is meant; UsageError."""
    name = line.positionals[0] if line.positionals else ""
    if len(line.positionals) != 2 or name not in PROGRAMS:
        raise UsageError(f"wanted: {'|'.join(PROGRAMS)} FILE")
    defaults = {option.key: option.default for option in PLAN_OPTIONS}
    for other in PROGRAMS:
        for key in _ONLY[other]:
            if other != name and line.values[key] and line.values[key] != defaults[key]:
                raise UsageError(f"--{key.replace('_', '-')} goes with `generate {other}`")
    if name == "ldirectord":
        return Ldirectord(import_site_packages)
    return Keepalived(_config_id_of(line), _version_of(line), import_site_packages)


def _version_of(line: CommandLine) -> tuple[int, ...]:
    version = line.values["keepalived_version"] or _version(VERSION_DEFAULT)
    assert isinstance(version, tuple)
    return version


def _config_id_of(line: CommandLine) -> str | None:
    config_id = line.values["config_id"]
    return None if config_id is None else str(config_id)


def plan_options(line: CommandLine) -> PlanOptions:
    """Return how a command line wants it planned; UsageError."""
    values = line.values
    _demand_sensible_style(values)
    timeout = values["timeout"]
    return PlanOptions(
        style=str(values["style"]),
        keep_existing=bool(values["keep_existing"]),
        file_check_only=bool(values["file_check_only"]),
        add_missing=bool(values["add_missing"]),
        only=tuple(values["only"]),  # type: ignore[arg-type]
        exclude=tuple(values["exclude"]),  # type: ignore[arg-type]
        standby=str(values["standby"]),
        timeout=timeout if isinstance(timeout, float) else None,
        fwmarks=dict(values["fwmark"]),  # type: ignore[call-overload]
        scripts=str(values["scripts"]),
        program=str(values["program"]),
        services=str(values["services"]),
        state=str(values["state"]),
        user=str(values["user"]),
        observe=bool(values["observe"]),
        templates=str(values["templates"]),
        wrappers=str(values["wrappers"]),
        role_file=str(values["role_file"]),
    )


def _demand_sensible_style(values: Mapping[str, object]) -> None:
    if values["file_check_only"] and values["style"] != TRACK_FILE:
        raise UsageError(f"--file-check-only goes with --style {TRACK_FILE}")
    if values["file_check_only"] and values["keep_existing"]:
        raise UsageError("--file-check-only puts checks in the place of the checkers, --keep-existing beside them")
