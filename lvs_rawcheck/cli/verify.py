# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck verify`: whether the running keepalived checks what its configuration plans, and the kernel follows."""

from __future__ import annotations

import json
import os
import select

from lvs_rawcheck.checks.roles import roles_by_vip
from lvs_rawcheck.cli.arguments import SERVICES_DIR, STATE_DIR
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine, Option, parse
from lvs_rawcheck.cli.output import say
from lvs_rawcheck.cli.reporting import Reporting
from lvs_rawcheck.config.keepalived import Configuration, read_keepalived
from lvs_rawcheck.diagnose.verify.registered import Registered
from lvs_rawcheck.diagnose.verify.verification import Sight, Verification, verify
from lvs_rawcheck.director.ipvs import read_table
from lvs_rawcheck.director.keepalived_inquiry import ask_for_dump, read_dump
from lvs_rawcheck.director.keepalived_process import DEFAULT_CONFIG, Keepalived, find_keepalived
from lvs_rawcheck.errors import ConfigError, UsageError

NOTHING_WRONG, FINDINGS, COULD_NOT = 0, 1, 2
_KERNEL_SECONDS = 2.0
_DESCRIPTION = """\
Ask the running keepalived what it checks, and compare: every check of ours in its configuration is live, runs as
planned, and is in the registry; the kernel's IPVS table and the role files agree. CONFIG: by default the file that
keepalived was started with. Exit status 0: nothing wrong. 1: findings, one line each. 2: it could not be compared."""
_OPTIONS = (
    Option("i", "config-id", "NAME", "read the configuration for this node (default: as keepalived does)"),
    Option("", "dump", "FILE", "a dump that keepalived has written already (SIGUSR1): it is not asked"),
    Option("", "json", None, "print one JSON object"),
    Option("", "services", "DIR", f"the registry (default: {SERVICES_DIR})", default=SERVICES_DIR),
    Option("", "state", "DIR", f"role files, modes, verdicts (default: {STATE_DIR})", default=STATE_DIR),
)


def run(arguments: list[str]) -> int:
    """Run `verify` with what follows it on the command line; return the exit status."""
    return Reporting("verify", "[CONFIG]", _DESCRIPTION, _OPTIONS).end(lambda: _run(arguments))


def _run(arguments: list[str]) -> int:
    line = parse(arguments, _OPTIONS)
    if len(line.positionals) > 1:
        raise UsageError("wanted: [CONFIG]")
    verification = _verify(line)
    _print(verification, bool(line.values["json"]))
    return FINDINGS if verification.findings else NOTHING_WRONG


def _verify(line: CommandLine) -> Verification:
    import_site_packages()
    dump_file = line.values["dump"]
    keepalived = None if dump_file is not None else find_keepalived()
    configuration = _configuration(line, keepalived)
    registered = Registered(str(line.values["services"]), str(line.values["state"]), import_site_packages)

    def look(vips: set[bytes]) -> Sight:
        dump, told_at = read_dump(str(dump_file)) if keepalived is None else ask_for_dump(keepalived)
        return Sight(dump, told_at, read_table(), roles_by_vip(vips, _KERNEL_SECONDS))

    return verify(configuration, registered, look, _wait)


def _configuration(line: CommandLine, keepalived: Keepalived | None) -> Configuration:
    """Return the configuration as the running keepalived reads it; ConfigError."""
    config_id = line.values["config_id"]
    path = DEFAULT_CONFIG
    if keepalived is not None:
        path = keepalived.config
        config_id = config_id or keepalived.config_id
    if line.positionals:
        path = line.positionals[0]
    elif not path.startswith("/"):
        raise ConfigError(path, 0, 0, "keepalived was started with this relative path: name the file")
    # keepalived's own default: the host's name up to its first dot, main.c.
    return read_keepalived(path, str(config_id or os.uname().nodename.partition(".")[0]))


def _wait(seconds: float) -> None:
    select.select((), (), (), seconds)


def _print(verification: Verification, as_json: bool) -> None:
    findings = verification.findings
    if as_json:
        told = [finding.to_dict() for finding in findings]
        say(json.dumps({"planned": verification.planned, "live": verification.live, "findings": told}))
        return
    for finding in findings:
        say(one_line(str(finding)))
    if not findings:
        say(f"{verification.planned} checks planned, all live; nothing wrong")


def one_line(text: str) -> str:
    """Return a finding without line ends or control characters of a configuration's."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
