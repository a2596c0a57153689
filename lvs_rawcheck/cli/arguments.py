# SPDX-License-Identifier: GPL-2.0-or-later
"""From the words of a check's command line to its request: addresses, ports, times, and the common options."""

from __future__ import annotations

from lvs_rawcheck.checks import request as requests
from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.parameters import DECIMAL, one_of
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.cli.options import Option
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import format_address, parse_address, parse_mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.cli.options import CommandLine

SERVICES_DIR = "/etc/lvs-rawcheck/services.d"
STATE_DIR = "/run/lvs-rawcheck"

_INTERFACE_NAME_OCTETS = 15  # IFNAMSIZ less its NUL, linux/if.h


def parse_port(text: str) -> int:
    """Return a port, 1..65535; UsageError for anything else, service names included."""
    if not text or len(text) > 5 or any(digit not in DECIMAL for digit in text) or not 1 <= int(text) <= 65535:
        raise UsageError(f"not a port (1 to 65535): {text!r}")
    return int(text)


def parse_timeout(text: str) -> float:
    """Return seconds, above 0 and at most TIMEOUT_MAX; decimals allowed."""
    try:
        seconds = float(text) if text and all(c in DECIMAL or c == "." for c in text) else 0.0
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= requests.TIMEOUT_MAX:
        raise UsageError(f"not a time in seconds, above 0 and at most {requests.TIMEOUT_MAX:g}: {text!r}")
    return seconds


def parse_interface(text: str) -> str:
    """Return an interface's name; whether it exists is the kernel's to say."""
    if not text or len(text.encode("utf-8", "replace")) > _INTERFACE_NAME_OCTETS or "\0" in text or "/" in text:
        raise UsageError(f"not an interface name: {text!r}")
    return text


def parse_reply_mac(text: str) -> str | bytes:
    """Return one of the three words, or the octets of a MAC."""
    if text in (requests.MAC_REAL_SERVER, requests.MAC_KNOWN, requests.MAC_ANY):
        return text
    return parse_mac(text)


def parse_endpoints(text: str, default_port: int | None) -> list[Endpoint]:
    """Return the endpoints of `VIP[:PORT][,...]`; an IPv6 address with a port stands in brackets."""
    return [_parse_endpoint(word, default_port) for word in text.split(",")]


def _parse_endpoint(word: str, default_port: int | None) -> Endpoint:
    if word.startswith("["):
        address, bracket, rest = word[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise UsageError(f"not an address in brackets, with or without a port: {word!r}")
        port = rest[1:] if rest else None
    elif word.count(":") == 1:
        address, _, port = word.partition(":")
    else:
        address, port = word, None
    number = parse_port(port) if port is not None else default_port
    if number is None:
        raise UsageError(f"no port given for VIP {word}")
    return Endpoint(parse_address(address), number)


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


def build_request(kind: str, steps: Sequence[Step], line: CommandLine) -> Request:
    """Return the request of `REAL_SERVER VIP[:PORT][,...] [PORT]` with the common options; UsageError."""
    words = line.positionals
    if not 2 <= len(words) <= 3:
        raise UsageError("wanted: REAL_SERVER VIP[:PORT][,...] [PORT]")
    default_port = parse_port(words[2]) if len(words) == 3 else None
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
