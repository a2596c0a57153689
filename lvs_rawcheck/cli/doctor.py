# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck doctor`: what on this host would make checks lie or fail, each with what mends it."""

from __future__ import annotations

import json
import os
import shutil
import sys

from lvs_rawcheck.cli.arguments import SERVICES_DIR, STATE_DIR
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine, Option, parse
from lvs_rawcheck.cli.output import say
from lvs_rawcheck.cli.reporting import COULD_NOT, Reporting
from lvs_rawcheck.config.keepalived import Configuration as KeepalivedConfiguration
from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.config.keepalived.configuration import DEBIAN_12
from lvs_rawcheck.config.ldirectord import Configuration as LdirectordConfiguration
from lvs_rawcheck.config.ldirectord import read_ldirectord
from lvs_rawcheck.diagnose.doctor.examination import examine
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.doctor.telling import COLUMNS, lines_of
from lvs_rawcheck.director.keepalived_process import DEFAULT_CONFIG, find_keepalived
from lvs_rawcheck.errors import ConfigError, LinkError, UsageError
from lvs_rawcheck.generate.keepalived.config_test import installed_version

NOTHING_WRONG, FINDINGS = 0, 1
_LDIRECTORD_CONFIGS = ("/etc/ha.d/ldirectord.cf", "/etc/ldirectord.cf")
_DESCRIPTION = """\
Look at this host for what would make checks lie or fail. Each finding says what it is, why it matters, and the command
that mends it, or what to do by hand. CONFIG: keepalived's (default: that of the running keepalived, else
/etc/keepalived/keepalived.conf, if there is one). Nothing is changed, and no server is asked.
Exit status 0: nothing wrong. 1: findings. 2: none, but a configuration could not be read,
or doctor was not started by root, and saw little."""
_OPTIONS = (
    Option("i", "config-id", "NAME", "read keepalived's configuration for this node (default: as keepalived does)"),
    Option("", "ldirectord", "FILE", "ldirectord's configuration (default: /etc/ha.d/ldirectord.cf)"),
    Option("", "json", None, "print one JSON object"),
    Option("", "services", "DIR", f"the registry (default: {SERVICES_DIR})", default=SERVICES_DIR),
    Option("", "state", "DIR", f"role files, modes, verdicts (default: {STATE_DIR})", default=STATE_DIR),
)


def run(arguments: list[str]) -> int:
    """Run `doctor` with what follows it on the command line; return the exit status."""
    return Reporting("doctor", "[CONFIG]", _DESCRIPTION, _OPTIONS).end(lambda: _run(arguments))


def _run(arguments: list[str]) -> int:
    line = parse(arguments, _OPTIONS)
    if len(line.positionals) > 1:
        raise UsageError("wanted: [CONFIG]")
    import_site_packages()
    gaps: list[str] = []
    keepalived, config_id = _keepalived(line, gaps)
    services, state = str(line.values["services"]), str(line.values["state"])
    ldirectord = _ldirectord(line, gaps)
    program = os.path.realpath(sys.argv[0])
    here = Surroundings(services, state, import_site_packages, keepalived, ldirectord, config_id, program)
    examination = examine(here, gaps)
    if line.values["json"]:
        say(json.dumps(examination.to_dict()))
    else:
        say("\n".join(lines_of(examination, shutil.get_terminal_size((COLUMNS, 24)).columns)))
    if examination.findings:
        return FINDINGS
    # Nothing wrong in what is left: that is not what was asked.
    return COULD_NOT if gaps or os.geteuid() != 0 else NOTHING_WRONG


def _keepalived(line: CommandLine, gaps: list[str]) -> tuple[KeepalivedConfiguration | None, str]:
    """Return keepalived's configuration, None where there is none to be read, and for which node it is."""
    path, named = DEFAULT_CONFIG, False
    given = line.values["config_id"]
    try:
        running = find_keepalived()
    except (LinkError, OSError):
        running = None  # then the default is meant
    if running is not None and running.config.startswith("/"):
        path, named, given = running.config, True, given or running.config_id
    if line.positionals:
        path, named = line.positionals[0], True
    # keepalived's own default: the host's name up to its first dot, main.c.
    config_id = str(given or os.uname().nodename.partition(".")[0])
    if not named and not os.path.exists(path):
        return None, config_id
    try:
        return read_keepalived(os.path.abspath(path), config_id, installed_version() or DEBIAN_12), config_id
    except ConfigError as error:
        gaps.append(f"keepalived's configuration: {error}")
        return None, config_id


def _ldirectord(line: CommandLine, gaps: list[str]) -> LdirectordConfiguration | None:
    named = line.values["ldirectord"]
    paths = [str(named)] if named is not None else [path for path in _LDIRECTORD_CONFIGS if os.path.exists(path)]
    if not paths:
        return None
    try:
        return read_ldirectord(paths[0])
    except ConfigError as error:
        gaps.append(f"ldirectord's configuration: {error}")
        return None
