# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses as text: the only place where they are not octets.

Reading list: RFC 4291 2.2 and RFC 5952 (IPv6 text), inet_pton(3). The C library's strict reading is wanted:
four decimal numbers without leading zeros, no blanks, no zone ("fe80::1%eth0"), no short forms ("10.1").
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from lvs_rawcheck.errors import UsageError

IPV4_OCTETS = 4
IPV6_OCTETS = 16
MAC_OCTETS = 6


def parse_address(text: str) -> bytes:
    """Return the 4 or 16 octets of an IPv4 or IPv6 address; anything else raises UsageError."""
    family = AF_INET6 if ":" in text else AF_INET
    try:
        return inet_pton(family, text)
    except (OSError, ValueError):
        # ValueError: a NUL or a lone surrogate, which a command line can hold.
        raise UsageError(f"not an IPv4 or IPv6 address: {text!r}") from None


def socket_family(address: bytes) -> int:
    """Return AF_INET or AF_INET6 for 4 or 16 octets."""
    return AF_INET if len(address) == IPV4_OCTETS else AF_INET6


def format_address(address: bytes) -> str:
    """Return the text of 4 or 16 octets, IPv6 as in RFC 5952."""
    return inet_ntop(socket_family(address), address)


def format_endpoint(address: bytes, port: int) -> str:
    """Return `10.0.0.1:80` or `[2001:db8::1]:80` (RFC 5952 section 6)."""
    text = format_address(address)
    return f"{text}:{port}" if len(address) == IPV4_OCTETS else f"[{text}]:{port}"


def parse_mac(text: str) -> bytes:
    """Return the 6 octets of `02:00:0a:00:00:2a`, upper or lower case; anything else raises UsageError."""
    parts = text.split(":")
    if len(parts) != MAC_OCTETS or not all(_is_hex_pair(part) for part in parts):
        raise UsageError(f"not a MAC address (six pairs of hexadecimal digits with colons): {text!r}")
    return bytes.fromhex("".join(parts))


def _is_hex_pair(text: str) -> bool:
    return len(text) == 2 and all(character in "0123456789abcdefABCDEF" for character in text)


def format_mac(mac: bytes) -> str:
    """Return `02:00:0a:00:00:2a`."""
    return mac.hex(":")
