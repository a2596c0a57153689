# SPDX-License-Identifier: GPL-2.0-or-later
"""The Internet checksum.

Reading list: RFC 1071 (computing it), RFC 9293 3.1 and RFC 8200 8.1 (the pseudo-headers).

2^16 is congruent to 1 modulo 2^16 - 1, so the ones' complement sum of 16-bit words is the whole packet, read
as one big number, modulo 0xffff. The two ways to write zero differ only here: a sum of words that are not
all zero is never 0x0000 but 0xffff.
"""

from __future__ import annotations


def ones_sum(octets: bytes) -> int:
    """Return the ones' complement sum of the 16-bit words of `octets`, folded: 0..0xffff.

    An odd last octet counts as if a zero octet followed it (RFC 1071 section 1); 0 only if all octets are 0.
    """
    number = int.from_bytes(octets, "big")
    if len(octets) & 1:
        number <<= 8
    if number == 0:
        return 0
    return number % 0xFFFF or 0xFFFF


def internet_checksum(octets: bytes, initial: int = 0) -> int:
    """Return the checksum to put into a header whose checksum field is still zero: 0..0xffff.

    initial: a sum to start from, such as a pseudo-header's, >= 0, folded or not.
    """
    total = ones_sum(octets) + initial
    if total == 0:
        return 0xFFFF
    return -total % 0xFFFF


def is_intact(octets: bytes, initial: int = 0) -> bool:
    """Return whether octets that contain their checksum come out right (RFC 1071 section 1 (3))."""
    total = ones_sum(octets) + initial
    return total != 0 and total % 0xFFFF == 0


def pseudo_header_sum(source: bytes, destination: bytes, protocol: int) -> int:
    """Return the sum of the pseudo-header without its length, which the caller adds.

    source, destination: both of one family. protocol: of the header that is summed, 0..255.
    RFC 9293 3.1 (IPv4), RFC 8200 8.1 (IPv6): the order of the words does not matter to the sum, so one
    function serves both.
    """
    return ones_sum(source + destination) + protocol
