# SPDX-License-Identifier: GPL-2.0-or-later
"""`check_tcp_raw [options] IFACE REAL_SERVER VIRTUAL_IP PORT`: the command line of the C program of that name."""

from __future__ import annotations

from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.cli.drop_in import DropIn, timeout_parser
from lvs_rawcheck.cli.options import Option
from lvs_rawcheck.cli.output import complain
from lvs_rawcheck.wire.address import format_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.cli.options import CommandLine

AWAITED_ANSWERS = 2  # ARP's, TCP's
parse_total_timeout = timeout_parser(AWAITED_ANSWERS)


class CheckTcpRaw(DropIn):
    """Healthy: a connection can be made."""

    program = "check_tcp_raw"
    kind = "tcp"
    awaited_answers = AWAITED_ANSWERS
    verbose_help = "print the parameters and the TCP packets; twice: ARP and neighbour discovery too"

    def own_options(self) -> tuple[Option, ...]:
        """Return -c."""
        return (Option("c", "clean-close", None, "leave by FIN and wait for the server's, instead of RST"),)

    def steps(self, line: CommandLine, words: list[str]) -> tuple[Step, ...]:
        """Return the one step."""
        return (TcpConversation,)

    def tell_request(self, request: Request, verbose: int) -> None:
        """Say what the command line came to."""
        endpoint = request.endpoints[0]
        complain(f"interface:     {request.interface}")
        complain(f"real server:   {format_address(request.real_ip)}")
        complain(f"virtual IP:    {format_address(endpoint.vip)}")
        complain(f"port:          {endpoint.port}")
        complain(f"time left:     {request.timeout * 1000:.0f} ms")
        complain(f"role file:     {request.role_file or 'none'}")
        complain(f"clean close:   {'yes' if request.clean_close else 'no'}")


run = CheckTcpRaw().run


def main() -> int:
    """Run this command with the arguments of sys.argv; return its exit status, 0 or 1."""
    from lvs_rawcheck.cli.main import run_as

    return run_as(CheckTcpRaw.program)
