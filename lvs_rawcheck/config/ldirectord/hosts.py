# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses and ports as ldirectord resolves them: ld_gethostbyname (5284), ld_getservbyname (5335).

getaddrinfo(3) takes numeric IPv4 text as inet_aton(3) does: a leading zero makes a part octal, `192.168.6` is
192.168.0.6, `80` is 0.0.0.80. Names are not resolved here: ldirectord does that once, when it starts.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from lvs_rawcheck.config.findings import ERROR, WARNING
from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.numbers import PORT_MAX, to_number
from lvs_rawcheck.config.ldirectord.values import Refused, Remark

_NUMERIC = re.compile(r"[0-9.]+|0[xX][0-9A-Fa-f.xX]*")
_NAME = re.compile(r"[0-9A-Za-z._+-]+")
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")


@dataclass(frozen=True, slots=True)
class Host:
    """A host as written, and its canonical address; None: a name."""

    written: str
    address: str | None
    remark: Remark | None = None


def read_host(written: str, family: int) -> Host:
    """Return what getaddrinfo makes of a text for a family, 4 or 6; Refused where no name server could help."""
    text = _inside_brackets(written)
    address = _ipv4(text) if family == 4 else _ipv6(text)
    if address is not None:
        return Host(written, address, _remark_on_form(text, address) if family == 4 else None)
    if _NUMERIC.fullmatch(text) is not None or _NAME.fullmatch(text) is None:
        raise Refused(kinds.ADDRESS, f"{written!r} is no IPv{family} address")
    told = f"{written!r} is a name: ldirectord resolves it once, when it starts, and takes the first address"
    return Host(written, None, Remark(WARNING, kinds.NAME, told))


def _inside_brackets(written: str) -> str:
    """Return what stands between the first opening bracket and the last closing one, all if there are none."""
    first, last = written.find("["), written.rfind("]")
    return written[first + 1 : last] if 0 <= first < last else written


def _ipv4(text: str) -> str | None:
    if _NUMERIC.fullmatch(text) is None:
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(text))
    except OSError:
        return None


def _ipv6(text: str) -> str | None:
    try:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, text))
    except (OSError, ValueError):
        return None


def _remark_on_form(text: str, address: str) -> Remark | None:
    if text == address:
        return None
    if _LEADING_ZEROS.sub("", text) == address:
        return Remark(WARNING, kinds.ADDRESS_FORM, f"{text!r} is read as {address}")
    return Remark(ERROR, kinds.ADDRESS_FORM, f"{text!r} is read as {address}")


def read_port(text: str, protocol: str | None) -> str:
    """Return a port as ldirectord keeps it: digits as written, or those of a service's name.

    protocol: what a name is looked up for in services(5); None: any.
    """
    if text.isascii() and text.isdigit():
        if to_number(text) > PORT_MAX:
            raise Refused(kinds.PORT, f"{text} is no port: the highest is {PORT_MAX}")
        return text
    try:
        found = socket.getservbyname(text) if protocol is None else socket.getservbyname(text, protocol)
    except OSError:
        among = "" if protocol is None else f" for {protocol}"
        raise Refused(kinds.PORT, f"no service is named {text!r}{among} (services(5))") from None
    return str(found)
