# SPDX-License-Identifier: GPL-2.0-or-later
"""With which words ldirectord calls a wrapper, and what it tells ipvsadm after that."""

from __future__ import annotations

import socket

import pytest

from lvs_rawcheck.wire.address import format_address, parse_address
from tests.ldirectord.harness import Ldirectord, block, needs_ldirectord, settings

pytestmark = needs_ldirectord

# virtual, real servers as written; the arguments of their checks; whom the wrapper asks for.
CALLS: list[tuple[str, list[str], list[str], list[str]]] = [
    ("virtual=10.0.0.1:80", ["192.168.6.2:80 gate"], ["10.0.0.1 80 192.168.6.2 80"], ["192.168.6.2"]),
    ("virtual=10.0.0.2:http", ["192.168.6.2:https gate"], ["10.0.0.2 80 192.168.6.2 443"], ["192.168.6.2"]),
    ("virtual=10.0.0.3:80", ["192.168.6.2:8080 gate 5"], ["10.0.0.3 80 192.168.6.2 8080"], ["192.168.6.2"]),
    ("virtual=7", ["192.168.6.9 gate"], ["7 0 192.168.6.9 0"], ["192.168.6.9"]),
    ("virtual=8", ["192.168.6.9:80 gate"], ["8 0 192.168.6.9 80"], ["192.168.6.9"]),
    ("virtual6=9", ["[2001:db8::2]:80 gate"], ["9 0 [2001:db8::2] 80"], ["2001:db8::2"]),
    (
        "virtual=10.0.0.4:80",
        ["192.168.6.2->192.168.6.4:80 gate"],
        [f"10.0.0.4 80 192.168.6.{number} 80" for number in (2, 3, 4)],
        [f"192.168.6.{number}" for number in (2, 3, 4)],
    ),
    ("virtual=10.0.0.5:80", ["010.0.0.1:80 gate"], ["10.0.0.5 80 8.0.0.1 80"], ["8.0.0.1"]),
    (
        "virtual6=[2001:DB8:0:0::1]:443",
        [
            "[2001:0DB8:0:0:0:0:0:A]:443 gate",
            "[fe80::1]:443 gate",
            "[::ffff:c0a8:602]:443 gate",
            "[1::1:0:0:1]:443 gate",
        ],
        [
            "[2001:db8::1] 443 [2001:db8::a] 443",
            "[2001:db8::1] 443 [fe80::1] 443",
            "[2001:db8::1] 443 [::ffff:192.168.6.2] 443",
            "[2001:db8::1] 443 [1::1:0:0:1] 443",
        ],
        ["2001:db8::a", "fe80::1", "::ffff:192.168.6.2", "1::1:0:0:1"],
    ),
]


def test_the_words_of_a_call() -> None:
    """The addresses come as inet_ntop(3) writes them, which is how the registry names its checks."""
    with Ldirectord() as ldirectord:
        services = [f"s{number}" for number in range(len(CALLS))]
        blocks = [
            block(virtual, ldirectord.recorded(service), reals)
            for service, (virtual, reals, _, _) in zip(services, CALLS, strict=True)
        ]
        called = [f"{service} {words}" for service, call in zip(services, CALLS, strict=True) for words in call[2]]
        asked = [f"{service}/{real}" for service, call in zip(services, CALLS, strict=True) for real in call[3]]
        # readdquiescent: servers are not added before their first check, which saves much time.
        ldirectord.start(settings("readdquiescent=yes", interval=60), *blocks)
        # One sweep while it starts, another one at once.
        ldirectord.wait_until(lambda: len(ldirectord.asked()) >= 2 * len(asked), "two sweeps")
        assert ldirectord.called() == called * 2
        assert ldirectord.asked() == asked * 2
    addresses = [real for call in CALLS for real in call[3]]
    assert [format_address(parse_address(address)) for address in addresses] == addresses


SPELLINGS = [
    "::",
    "::1",
    "1::",
    "0:0:1:0:0:0:1:0",
    "::ffff:1.2.3.4",
    "::1.2.3.4",
    "::ffff:0:1.2.3.4",
    "A:b:C::D",
    "64:ff9b::1.2.3.4",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_our_spelling_is_that_of_inet_ntop(spelling: str) -> None:
    octets = socket.inet_pton(socket.AF_INET6, spelling)
    assert parse_address(spelling) == octets
    assert format_address(octets) == socket.inet_ntop(socket.AF_INET6, octets)


def test_what_ipvsadm_is_told() -> None:
    """Quiescent or not, thresholds, and a weight of 0, which is a drained server and not one that is down."""
    with Ldirectord() as ldirectord:
        reals = ["192.168.6.2:80 gate 5", "192.168.6.3:80 gate 0", "192.168.6.4:80 gate 2 l:10 u:20"]
        wrappers = {name: ldirectord.wrapper(name) for name in ("deletes", "quiesces")}
        for name in wrappers:
            ldirectord.answer(f"{name}/192.168.6.2", "exit 1")
        deletes = block("virtual=10.0.0.1:80", wrappers["deletes"], reals, "quiescent=no")
        quiesces = block("virtual=10.0.0.2:80", wrappers["quiesces"], reals, "quiescent=yes")
        ldirectord.start(settings(), deletes, quiesces)
        others = {"192.168.6.3:80": 0, "192.168.6.4:80": 2}
        ldirectord.wait_for_checks("quiesces/192.168.6.4", 1)
        ldirectord.wait_for_table(
            {"TCP 10.0.0.1:80": others, "TCP 10.0.0.2:80": {"192.168.6.2:80": 0, **others}},
        )
        seen = len(ldirectord.told())
        for name in wrappers:
            ldirectord.answer(f"{name}/192.168.6.2", None)
        ldirectord.wait_for_table(
            {name: {"192.168.6.2:80": 5, **others} for name in ("TCP 10.0.0.1:80", "TCP 10.0.0.2:80")}
        )
        for name in wrappers:
            ldirectord.answer(f"{name}/192.168.6.2", "exit 1")
        ldirectord.wait_for_table(
            {"TCP 10.0.0.1:80": others, "TCP 10.0.0.2:80": {"192.168.6.2:80": 0, **others}},
        )
        assert ldirectord.told()[seen:] == [
            "-a -t 10.0.0.1:80 -x 0 -y 0 -r 192.168.6.2:80 -g -w 5",
            "-e -t 10.0.0.2:80 -x 0 -y 0 -r 192.168.6.2:80 -g -w 5",
            "-d -t 10.0.0.1:80 -r 192.168.6.2:80",
            "-e -t 10.0.0.2:80 -r 192.168.6.2:80 -g -w 0",
        ]
