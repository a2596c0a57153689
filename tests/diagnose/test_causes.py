# SPDX-License-Identifier: GPL-2.0-or-later
"""Each cause in words: addresses filled in, commands that can be run."""

from __future__ import annotations

import pytest

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.causes import CAUSES, Scene, explain_cause
from lvs_rawcheck.wire.address import parse_address

SCENE4 = Scene(
    parse_address("10.0.0.42"), parse_address("10.0.0.100"), 80, "eth0", "02:00:00:00:02:00", "what was said"
)
SCENE6 = Scene(parse_address("2001:db8::42"), parse_address("2001:db8::100"), 80)
SCENES = pytest.mark.parametrize("scene", [SCENE4, SCENE6], ids=["IPv4", "IPv6"])


def test_every_cause_has_words() -> None:
    causes = {value for name, value in vars(signatures).items() if name.isupper() and isinstance(value, str)}
    assert set(CAUSES) == causes


@SCENES
@pytest.mark.parametrize("cause", sorted(CAUSES))
def test_nothing_is_left_to_fill_in(cause: str, scene: Scene) -> None:
    sentence, fix = explain_cause(cause, scene)
    for text in (sentence, *fix):
        assert "{" not in text
        assert "}" not in text
    assert bool(fix) == (cause != signatures.HEALTHY)
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("cause", "scene", "line"),
    [
        (signatures.VIP_MISSING_OR_FILTERED, SCENE4, "on 10.0.0.42: ip addr add 10.0.0.100/32 dev lo"),
        (signatures.VIP_MISSING_OR_FILTERED, SCENE6, "on 2001:db8::42: ip -6 addr add 2001:db8::100/128 dev lo"),
        (signatures.VIP_MISSING_FORWARDING, SCENE4, "on 10.0.0.42: ip addr add 10.0.0.100/32 dev lo"),
        (signatures.VIP_MISSING_LOCAL, SCENE4, "on this director: ip addr add 10.0.0.100/32 dev lo"),
        (
            signatures.ARP_LEAK,
            SCENE4,
            "on 10.0.0.42: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2",
        ),
        (signatures.ARP_LEAK, SCENE6, "on 2001:db8::42: ip -6 addr add 2001:db8::100/128 dev lo"),
        (
            signatures.FILTERED_PORT,
            SCENE6,
            "on 2001:db8::42: ip6tables -I INPUT -d 2001:db8::100 -p tcp --dport 80 -j ACCEPT",
        ),
        (
            signatures.REJECTED,
            SCENE4,
            "on 10.0.0.42: iptables -I INPUT -d 10.0.0.100 -p tcp --dport 80 -j ACCEPT",
        ),
        (signatures.NEIGHBOUR_ENTRY_WRONG, SCENE4, "on this director: ip neigh del 10.0.0.42 dev eth0"),
    ],
)
def test_the_first_line_is_the_command_with_the_real_addresses(cause: str, scene: Scene, line: str) -> None:
    assert explain_cause(cause, scene)[1][0] == line


def test_braces_in_what_was_said_are_only_said() -> None:
    scene = Scene(SCENE4.real_ip, SCENE4.vip, 80, detail="an answer with {braces}")
    assert "{braces}" in explain_cause(signatures.UNCLEAR, scene)[0]
