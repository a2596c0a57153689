# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck check KIND ...`: one check, now, in this process."""

from __future__ import annotations

from lvs_rawcheck.cli.check_line import read_check
from lvs_rawcheck.cli.exit_status import HEALTHY
from lvs_rawcheck.cli.one_shot import judge, refuse, report, report_json, verbosity
from lvs_rawcheck.cli.options import HelpWanted
from lvs_rawcheck.cli.output import say
from lvs_rawcheck.errors import RawCheckError

_DESCRIPTION = """\
Send the real server the frames that the director would forward to it: to the VIP, at the real server's MAC.
Exit status 0: healthy. 1: everything else. Addresses only, IPv6 with a port in brackets."""


def run(arguments: list[str]) -> int:
    """Run `check` with what follows it on the command line; return the exit status."""
    as_json = "--json" in arguments
    try:
        request, line = read_check(arguments)
        result = judge(request, line, arguments, verbosity(line))
    except HelpWanted:
        say(_help(arguments))
        return HEALTHY
    except RawCheckError as error:
        result = refuse(arguments[0] if arguments else "", error, arguments)
    return report_json("lvs-rawcheck", result, {}) if as_json else report("lvs-rawcheck", result)


def _help(arguments: list[str]) -> str:
    from lvs_rawcheck.cli.check_line import help_of_check

    return help_of_check("lvs-rawcheck check", arguments, _DESCRIPTION)
