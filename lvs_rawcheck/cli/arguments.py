# SPDX-License-Identifier: GPL-2.0-or-later
"""From the words of a check's command line to its request: addresses, ports, times, and the common options."""

from __future__ import annotations

from lvs_rawcheck.checks import request as requests
from lvs_rawcheck.checks.parameters import one_of
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.request_values import (
    parse_endpoints,
    parse_interface,
    parse_port,
    parse_reply_mac,
    parse_timeout,
)
from lvs_rawcheck.cli.options import Option
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import format_address, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.cli.options import CommandLine

SERVICES_DIR = "/etc/lvs-rawcheck/services.d"
STATE_DIR = "/run/lvs-rawcheck"

# What every command has that makes a check.
FOLDER_OPTIONS = (
    Option("", "services", "DIR", f"the registry, for its VIPs (default: {SERVICES_DIR})", default=SERVICES_DIR),
    Option("", "state", "DIR", f"where verdicts are remembered (default: {STATE_DIR})", default=STATE_DIR),
)
ROUTINE_OPTIONS = (
    *FOLDER_OPTIONS,
    Option("v", "verbose", None, "print the packets; twice: ARP and neighbour discovery too"),
)

COMMON_OPTIONS = (
    Option("i", "interface", "IFACE", "send here (default: the route to the real server)", parse_interface),
    Option("s", "source", "ADDR", "send from this address (default: the route's, never a VIP)", parse_address),
    Option("", "reply-interface", "IFACE|any", "hear answers here (default: the same interface)", parse_interface),
    Option("r", "role-file", "FILE|auto", "raw only while its first character is 1; auto: while the VIP is local"),
    Option(
        "",
        "standby",
        "fallback|raw",
        "on a backup: the standard check (default), or the raw one all the same",
        one_of(requests.FALLBACK, requests.STANDBY_RAW),
        requests.FALLBACK,
    ),
    Option(
        "t", "timeout", "SECONDS", "one deadline for all of it (default: 2.0)", parse_timeout, requests.TIMEOUT_DEFAULT
    ),
    Option(
        "",
        "reply-mac",
        "RULE",
        "whose answers count besides the real server's own: real-server (nobody's, default), known (any but known"
        " neighbours'), any, or one MAC",
        parse_reply_mac,
        requests.MAC_REAL_SERVER,
    ),
    Option(
        "",
        "on-cannot-judge",
        "down|standard",
        "when the fault is ours: exit 1 (default), or make the standard check instead",
        one_of(requests.DOWN, requests.STANDARD_INSTEAD),
        requests.DOWN,
    ),
    Option("", "clean-close", None, "leave by FIN and wait for the server's, instead of RST"),
    Option("", "json", None, "print one JSON object"),
    *ROUTINE_OPTIONS,
)

_REQUEST_KEYS = (
    "interface",
    "source",
    "reply_interface",
    "role_file",
    "standby",
    "timeout",
    "reply_mac",
    "on_cannot_judge",
)


def build_request(kind: str, steps: Sequence[Step], line: CommandLine, port_if_none: int | None = None) -> Request:
    """Return the request of `REAL_SERVER VIP[:PORT][,...] [PORT]` with the common options; UsageError.

    port_if_none: the port of a VIP without one; None: it must have one.
    """
    words = line.positionals
    if not 2 <= len(words) <= 3:
        raise UsageError("wanted: REAL_SERVER VIP[:PORT][,...] [PORT]")
    default_port = parse_port(words[2]) if len(words) == 3 else port_if_none
    request = Request(kind, steps, parse_address(words[0]), parse_endpoints(words[1], default_port))
    for key in _REQUEST_KEYS:
        setattr(request, key, line.values[key])
    request.clean_close = bool(line.values["clean_close"])
    if request.source is not None:
        _demand_source(request.source, request.real_ip)
    return request


def _demand_source(source: bytes, real_ip: bytes) -> None:
    requests.demand_host_address("source", source)
    if len(source) != len(real_ip):
        raise UsageError(
            f"source {format_address(source)} is not of the real server's family: {format_address(real_ip)}"
        )
