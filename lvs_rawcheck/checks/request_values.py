# SPDX-License-Identifier: GPL-2.0-or-later
"""The values of what every kind of check has in common, from text: for the command line and the registry alike."""

from __future__ import annotations

from lvs_rawcheck.checks import request as requests
from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.parameters import DECIMAL
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import parse_address, parse_mac

_INTERFACE_NAME_OCTETS = 15  # IFNAMSIZ less its NUL, linux/if.h


def parse_port(text: str) -> int:
    """Return a port, 1..65535; UsageError for anything else, service names included."""
    if not text or len(text) > 5 or any(digit not in DECIMAL for digit in text) or not 1 <= int(text) <= 65535:
        raise UsageError(f"not a port (1 to 65535): {text!r}")
    return int(text)


def parse_timeout(text: str) -> float:
    """Return seconds, above 0 and at most TIMEOUT_MAX; decimals allowed."""
    return parse_seconds(text, requests.TIMEOUT_MAX)


def parse_seconds(text: str, most: float) -> float:
    """Return seconds, above 0 and at most `most`; decimals allowed."""
    try:
        seconds = float(text) if text and all(c in DECIMAL or c == "." for c in text) else 0.0
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= most:
        raise UsageError(f"not a time in seconds, above 0 and at most {most:g}: {text!r}")
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
