# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses and ports as keepalived takes them (inet_stosockaddr and inet_stor in lib/utils.c).

A port that consists of zeros counts as none.
"""

from __future__ import annotations

import re

from lvs_rawcheck.config.keepalived.numbers import read_number
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address, parse_address

PORT_MAX = 65535
# A group that stands for more addresses than this is not written out one by one.
RANGE_MAX = 65_536
_IPV6_GROUP = 0xFFFF
_HEX = re.compile(r"[ \t]*(?:0[xX])?([0-9a-fA-F]+)")


def first_address(text: str) -> str | None:
    """Return the address, RFC 5952 if IPv6, that a text holds before any `-` or `/`; None if there is none."""
    if "-" in text:
        text = text[: text.index("-")]
    elif "/" in text:
        text = text[: text.index("/")]
    try:
        return format_address(parse_address(text))
    except UsageError:
        return None


def written_port(words: list[str]) -> str | None:
    """Return the port's word after an address, None if there is none or it is all zeros."""
    return words[1] if len(words) > 1 and words[1].strip("0") else None


def read_port(text: str) -> int | None:
    """Return a port, None if keepalived takes none; what follows the digits is ignored."""
    return read_number(text, 1, PORT_MAX)[0]


class RangeError(Exception):
    """An entry of a group that keepalived leaves out: the sentence says why."""


def address_range(text: str) -> tuple[bytes, bytes]:
    """Return first and last address of a group's entry: one address, A-B in its three forms, or NET/LEN.

    Follows alloc_vsg_entry in check/check_data.c. Raises RangeError.
    """
    written = first_address(text)
    if written is None:
        raise RangeError(f"{text!r} is no address")
    first = parse_address(written)
    if "/" in text and "-" not in text.split("/")[0]:
        return first, _network_end(first, text.partition("/")[2])
    if "-" not in text:
        return first, first
    end = text.partition("-")[2]
    if (":" if len(first) != IPV4_OCTETS else ".") in end:
        last = _full_end(first, end)
    else:
        last = _last_group(first, end)
        if last <= first:
            raise RangeError(f"the end of {text!r} is not above its beginning")
    if last < first:
        raise RangeError(f"the end of {text!r} is below its beginning")
    return first, last


def _network_end(first: bytes, length_text: str) -> bytes:
    bits = 8 * len(first)
    if not length_text.isascii() or not length_text.isdigit() or not 0 < int(length_text[:9]) <= bits:
        raise RangeError(f"/{length_text} is no length of a network")
    host = (1 << (bits - int(length_text))) - 1
    number = int.from_bytes(first, "big")
    if number & host:
        raise RangeError(f"the address has bits set beyond /{length_text}")
    return (number | host).to_bytes(len(first), "big")


def _full_end(first: bytes, text: str) -> bytes:
    written = first_address(text)
    if written is None:
        raise RangeError(f"{text!r} is no address")
    last = parse_address(written)
    if len(last) != len(first):
        raise RangeError("a range begins in one address family and ends in another")
    return last


def _last_group(first: bytes, text: str) -> bytes:
    """Return the first address with its last group replaced: decimal for IPv4, hexadecimal for IPv6."""
    if len(first) == IPV4_OCTETS:
        number = read_number(text, 0, 255)[0]
        octets = 1
    else:
        match = _HEX.match(text)
        number = int(match[1][:9], 16) if match else 0
        octets = 2
    if number is None or number > _IPV6_GROUP:
        raise RangeError(f"the end of the range, {text!r}, is too large")
    return first[:-octets] + number.to_bytes(octets, "big")


def addresses_between(first: bytes, last: bytes) -> list[str]:
    """Return all addresses of a range as text; raises RangeError if they are more than RANGE_MAX."""
    start, end = int.from_bytes(first, "big"), int.from_bytes(last, "big")
    if end - start >= RANGE_MAX:
        raise RangeError(f"the range holds more than {RANGE_MAX} addresses")
    return [format_address(number.to_bytes(len(first), "big")) for number in range(start, end + 1)]
