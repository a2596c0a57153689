# SPDX-License-Identifier: GPL-2.0-or-later
"""Which virtual servers are meant, and what firewall marks stand for."""

from __future__ import annotations

import pytest

from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.options import PlanOptions, parse_fwmark, selects

V4 = ("192.0.2.1", "192.0.2.1:80", "192.0.2.1 80")
V6 = ("2001:db8::1", "[2001:db8::1]:80", "2001:db8::1 80")
GROUP = ("web", "group web")


@pytest.mark.parametrize(
    ("only", "exclude", "names", "meant"),
    [
        ((), (), V4, True),
        (("192.0.2.1",), (), V4, True),
        (("192.0.2.1:80",), (), V4, True),
        (("192.0.2.1:8",), (), V4, False),
        (("192.0.2.*",), (), V4, True),
        (("192.0.2.?:80",), (), V4, True),
        (("[2001:db8::1]:80",), (), V6, True),  # brackets are no set
        (("[2001:db8::*]:80",), (), V6, True),
        (("web",), (), GROUP, True),
        (("w*",), ("*b",), GROUP, False),
        ((), ("web",), GROUP, False),
        (("192.0x2.1",), (), V4, False),  # a dot is a dot
    ],
)
def test_selection(only: tuple[str, ...], exclude: tuple[str, ...], names: tuple[str, ...], meant: bool) -> None:
    assert selects(PlanOptions(only=only, exclude=exclude), names) is meant


def test_fwmark() -> None:
    number, marked = parse_fwmark("7=192.0.2.1:53,192.0.2.2:53/udp")
    assert (number, [str(each) for each in marked.endpoints], marked.protocol) == (
        7,
        ["192.0.2.1:53", "192.0.2.2:53"],
        "udp",
    )
    assert parse_fwmark("1=[2001:db8::1]:80")[1].protocol == "tcp"


@pytest.mark.parametrize(
    "text", ["", "7", "=1.2.3.4:80", "0=1.2.3.4:80", "x=1.2.3.4:80", "7=1.2.3.4", "7=1.2.3.4:80/x"]
)
def test_fwmark_slips(text: str) -> None:
    with pytest.raises(UsageError):
        parse_fwmark(text)
