# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck check KIND ...`: one check, now, in this process."""

from __future__ import annotations

from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.cli.arguments import COMMON_OPTIONS, build_request
from lvs_rawcheck.cli.exit_status import HEALTHY
from lvs_rawcheck.cli.one_shot import exit_status, judge, refuse, regret, report
from lvs_rawcheck.cli.options import HELP_WORDS, HelpWanted, Option, parse
from lvs_rawcheck.cli.output import say
from lvs_rawcheck.errors import RawCheckError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Result
    from lvs_rawcheck.cli.options import CommandLine

TCP_OPTIONS = (
    *COMMON_OPTIONS,
    Option("", "clean-close", None, "leave by FIN and wait for the server's, instead of RST"),
)
_POSITIONALS = "REAL_SERVER VIP[:PORT][,...] [PORT]"
_DESCRIPTION = """\
Send the real server the frames that the director would forward to it: to the VIP, at the real server's MAC.
Exit status 0: healthy. 1: everything else. Addresses only, IPv6 with a port in brackets."""


def run(arguments: list[str]) -> int:
    """Run `check` with what follows it on the command line; return the exit status."""
    kind = arguments[0] if arguments else ""
    as_json = "--json" in arguments
    try:
        if kind in HELP_WORDS and len(arguments) == 1:
            raise HelpWanted
        if not kind:
            raise UsageError("wanted: a kind of check, tcp")
        if kind != "tcp":
            raise UsageError(f"no such kind of check: {kind!r} (there is: tcp)")
        line = parse(arguments[1:], TCP_OPTIONS)
        result = _check_tcp(line, arguments)
    except HelpWanted:
        say(_help())
        return HEALTHY
    except RawCheckError as error:
        result = refuse(kind, error, arguments)
    return _report_json(result) if as_json else report("lvs-rawcheck", result)


def _check_tcp(line: CommandLine, arguments: list[str]) -> Result:
    request = build_request("tcp", TcpConversation, line)
    request.clean_close = bool(line.values["clean_close"])
    return judge(request, line, arguments)


def _report_json(result: Result) -> int:
    import json

    regret("lvs-rawcheck", result)
    say(json.dumps(result.to_dict()))
    return exit_status(result)


def _help() -> str:
    from lvs_rawcheck.cli.options import help_text

    return help_text("lvs-rawcheck check tcp", _POSITIONALS, _DESCRIPTION, TCP_OPTIONS)
