# SPDX-License-Identifier: GPL-2.0-or-later
"""The command lines of the C tool: `PROGRAM [options] IFACE REAL_SERVER VIRTUAL_IP PORT ...`.

Its options and units, so that an existing configuration keeps working. Where the C programs waited a timeout for each
answer of their check, here one deadline of that many times the timeout holds for all of it.
"""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks import request as requests
from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.parameters import DECIMAL
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.request_values import parse_interface
from lvs_rawcheck.cli.arguments import FOLDER_OPTIONS
from lvs_rawcheck.cli.exit_status import HEALTHY, end_after
from lvs_rawcheck.cli.names import resolve_hosts, resolve_port
from lvs_rawcheck.cli.one_shot import judge, refuse, report, verbosity
from lvs_rawcheck.cli.options import HelpWanted, Option, parse
from lvs_rawcheck.cli.output import say
from lvs_rawcheck.errors import LinkError, RawCheckError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lvs_rawcheck.checks.base import Result
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.cli.options import CommandLine

TIMEOUT_MS_DEFAULT = 1000
TIMEOUT_OF_ZERO = 60.0  # seconds in all; "0" was "for ever", and a check that waits for ever checks nothing

_FIRST_POSITIONALS = ("IFACE", "REAL_SERVER", "VIRTUAL_IP", "PORT")
_DESCRIPTION = """\
Send the real server the frames that the director would forward to it: to the virtual IP, at the real server's MAC.
Exit status 0: healthy. 1: everything else. Real server, virtual IP and port may be names."""


class DropIn:
    """One of the programs; a subclass says what it checks.

    awaited_answers: how many answers the C program waited for, ARP's included.
    """

    program = ""
    kind = ""
    further_positionals: Sequence[str] = ()
    awaited_answers = 0
    verbose_help = ""

    @property
    def options(self) -> tuple[Option, ...]:
        """Return the options of all the programs, and between them this one's own."""
        verbose = Option("v", "verbose", None, self.verbose_help)
        return (_timeout_option(self.awaited_answers), ROLE_OPTION, *self.own_options(), *FOLDER_OPTIONS, verbose)

    def own_options(self) -> tuple[Option, ...]:
        """Return what only this program has."""
        return ()

    def steps(self, line: CommandLine, words: list[str]) -> tuple[Step, ...]:
        """Return what is checked; words: the further positionals. UsageError. LinkError: a library is missing."""
        raise NotImplementedError

    def packet_verbosity(self, verbose: int) -> int:
        """Return how much is told of the packets where -v was given so many times (`packet_lines.tracing`)."""
        return verbose

    def tell_request(self, request: Request, verbose: int) -> None:
        """Say on stderr what the command line came to, before the first packet."""

    def tell_response(self, verbose: int) -> None:
        """Say on stderr what came, after the last one."""

    def run(self, arguments: list[str]) -> int:
        """Run the check with what follows the program's name on the command line; return the exit status."""
        try:
            result = self._check(arguments)
        except HelpWanted:
            say(self._help())
            return HEALTHY
        except RawCheckError as error:
            result = refuse(self.kind, error, [self.program, *arguments])
        return report(self.program, result)

    def _check(self, arguments: list[str]) -> Result:
        started = clock.now()
        line = parse(arguments, self.options)
        end_after(_timeout_of(line))
        request = self._build_request(line, started)
        verbose = verbosity(line)
        if verbose:
            self.tell_request(request, verbose)
        result = judge(request, line, [self.program, *arguments], self.packet_verbosity(verbose))
        if verbose:
            self.tell_response(verbose)
        return result

    def _build_request(self, line: CommandLine, started: float) -> Request:
        """Return the request, its names resolved and its timeout what is left since `started`; UsageError, LinkError.

        What can be judged without asking the system is judged first.
        """
        words = line.positionals
        if len(words) != len(_FIRST_POSITIONALS) + len(self.further_positionals):
            raise UsageError(f"wanted: {self._positionals()}")
        interface, real_server, virtual_ip, port, *further = words
        interface = parse_interface(interface)
        steps = self.steps(line, further)
        deadline = started + _timeout_of(line)
        number = resolve_port(port, deadline)
        real_ip, vip = resolve_hosts(real_server, virtual_ip, deadline)
        request = Request(self.kind, steps, real_ip, [Endpoint(vip, number)])
        request.interface = interface
        role_file = line.values["role_file"]
        request.role_file = role_file if isinstance(role_file, str) else None
        request.clean_close = bool(line.values.get("clean_close"))
        request.timeout = deadline - clock.now()
        if request.timeout <= 0:
            raise LinkError("the time was over before the check began")
        return request

    def _positionals(self) -> str:
        return " ".join((*_FIRST_POSITIONALS, *self.further_positionals))

    def _help(self) -> str:
        from lvs_rawcheck.cli.options import help_text

        return help_text(self.program, self._positionals(), _DESCRIPTION, self.options)


def timeout_parser(awaited_answers: int) -> Callable[[str], float]:
    """Return what turns a timeout for each answer, whole milliseconds, into one deadline in seconds."""
    most = int(requests.TIMEOUT_MAX * 1000) // awaited_answers

    def parse_total_timeout(text: str) -> float:
        number = text.lstrip("0") or text[-1:]
        decimal = bool(number) and all(digit in DECIMAL for digit in number)
        if not decimal or len(number) > len(str(most)) or int(number) > most:
            raise UsageError(f"not a time in milliseconds, 0 to {most}: {text!r}")
        return int(number) * awaited_answers / 1000 or TIMEOUT_OF_ZERO

    return parse_total_timeout


def _timeout_option(awaited_answers: int) -> Option:
    parser = timeout_parser(awaited_answers)
    return Option(
        "t",
        "timeout",
        "MILLISECONDS",
        f"for each of {awaited_answers} answers, together one deadline (default: {TIMEOUT_MS_DEFAULT}; 0: 60 s in all)",
        parser,
        parser(str(TIMEOUT_MS_DEFAULT)),
    )


def parse_role_file(text: str) -> str:
    """Return the path of a role file; the C programs know no `auto`, so that is a file too."""
    return f"./{text}" if text == requests.ROLE_AUTO else text


ROLE_OPTION = Option(
    "r", "role-file", "FILE", "raw only while its first character is 1, else a standard check", parse_role_file
)


def _timeout_of(line: CommandLine) -> float:
    timeout = line.values["timeout"]
    return timeout if isinstance(timeout, float) else TIMEOUT_OF_ZERO
