# SPDX-License-Identifier: GPL-2.0-or-later
"""`check_tcp_raw [options] IFACE REAL_SERVER VIRTUAL_IP PORT`: the command line of the C program of that name.

Its options and units, so that an existing configuration keeps working. Where the C program waited a timeout for each
of the two answers that a TCP check awaits, ARP's and TCP's, here one deadline of twice that time holds for all of it.
"""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks import request as requests
from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.parameters import DECIMAL
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.cli.arguments import ROUTINE_OPTIONS, parse_interface
from lvs_rawcheck.cli.exit_status import HEALTHY, end_after
from lvs_rawcheck.cli.names import resolve_hosts, resolve_port
from lvs_rawcheck.cli.one_shot import judge, refuse, report
from lvs_rawcheck.cli.options import HelpWanted, Option, parse
from lvs_rawcheck.cli.output import complain, say
from lvs_rawcheck.errors import LinkError, RawCheckError, UsageError
from lvs_rawcheck.wire.address import format_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Result
    from lvs_rawcheck.cli.options import CommandLine

PROGRAM = "check_tcp_raw"
AWAITED_ANSWERS = 2  # ARP's, TCP's
TIMEOUT_MS_DEFAULT = 1000
TIMEOUT_MS_MAX = int(requests.TIMEOUT_MAX * 1000) // AWAITED_ANSWERS
TIMEOUT_OF_ZERO = 60.0  # seconds in all; "0" was "for ever", and a check that waits for ever checks nothing

_POSITIONALS = "IFACE REAL_SERVER VIRTUAL_IP PORT"
_DESCRIPTION = """\
Send the real server the frames that the director would forward to it: to the virtual IP, at the real server's MAC.
Exit status 0: healthy. 1: everything else. Real server, virtual IP and port may be names."""


def parse_total_timeout(text: str) -> float:
    """Return the one deadline, seconds, of a timeout for each answer in whole milliseconds; 0: TIMEOUT_OF_ZERO."""
    number = text.lstrip("0") or text[-1:]
    decimal = bool(number) and all(digit in DECIMAL for digit in number)
    if not decimal or len(number) > len(str(TIMEOUT_MS_MAX)) or int(number) > TIMEOUT_MS_MAX:
        raise UsageError(f"not a time in milliseconds, 0 to {TIMEOUT_MS_MAX}: {text!r}")
    return int(number) * AWAITED_ANSWERS / 1000 or TIMEOUT_OF_ZERO


def parse_role_file(text: str) -> str:
    """Return the path of a role file; the C program knows no `auto`, so that is a file too."""
    return f"./{text}" if text == requests.ROLE_AUTO else text


OPTIONS = (
    Option(
        "t",
        "timeout",
        "MILLISECONDS",
        f"for each of {AWAITED_ANSWERS} answers, together one deadline (default: {TIMEOUT_MS_DEFAULT}; 0: 60 s in all)",
        parse_total_timeout,
        parse_total_timeout(str(TIMEOUT_MS_DEFAULT)),
    ),
    Option("r", "role-file", "FILE", "raw only while its first character is 1, else a standard check", parse_role_file),
    Option("c", "clean-close", None, "leave by FIN and wait for the server's, instead of RST"),
    *ROUTINE_OPTIONS,
)


def main() -> int:
    """Run this command with the arguments of sys.argv; return its exit status, 0 or 1."""
    from lvs_rawcheck.cli.main import run_as

    return run_as(PROGRAM)


def run(arguments: list[str]) -> int:
    """Run the check with what follows the program's name on the command line; return the exit status."""
    try:
        result = _check(arguments)
    except HelpWanted:
        say(_help())
        return HEALTHY
    except RawCheckError as error:
        result = refuse("tcp", error, [PROGRAM, *arguments])
    return report(PROGRAM, result)


def _check(arguments: list[str]) -> Result:
    started = clock.now()
    line = parse(arguments, OPTIONS)
    end_after(_timeout_of(line))
    request = _build_request(line, started)
    if line.values["verbose"]:
        _print_parameters(request)
    return judge(request, line, [PROGRAM, *arguments])


def _build_request(line: CommandLine, started: float) -> Request:
    """Return the request, its names resolved and its timeout what is left since `started`; UsageError, LinkError."""
    words = line.positionals
    if len(words) != 4:
        raise UsageError(f"wanted: {_POSITIONALS}")
    interface, real_server, virtual_ip, port = words
    deadline = started + _timeout_of(line)
    interface = parse_interface(interface)
    number = resolve_port(port, deadline)
    real_ip, vip = resolve_hosts(real_server, virtual_ip, deadline)
    request = Request("tcp", (TcpConversation,), real_ip, [Endpoint(vip, number)])
    request.interface = interface
    role_file = line.values["role_file"]
    request.role_file = role_file if isinstance(role_file, str) else None
    request.clean_close = bool(line.values["clean_close"])
    request.timeout = deadline - clock.now()
    if request.timeout <= 0:
        raise LinkError("the time was over before the check began")
    return request


def _timeout_of(line: CommandLine) -> float:
    timeout = line.values["timeout"]
    return timeout if isinstance(timeout, float) else TIMEOUT_OF_ZERO


def _print_parameters(request: Request) -> None:
    """Say on stderr, where the packets follow, what the command line came to."""
    endpoint = request.endpoints[0]
    complain(f"interface:     {request.interface}")
    complain(f"real server:   {format_address(request.real_ip)}")
    complain(f"virtual IP:    {format_address(endpoint.vip)}")
    complain(f"port:          {endpoint.port}")
    complain(f"time left:     {request.timeout * 1000:.0f} ms")
    complain(f"role file:     {request.role_file or 'none'}")
    complain(f"clean close:   {'yes' if request.clean_close else 'no'}")


def _help() -> str:
    from lvs_rawcheck.cli.options import help_text

    return help_text(PROGRAM, _POSITIONALS, _DESCRIPTION, OPTIONS)
