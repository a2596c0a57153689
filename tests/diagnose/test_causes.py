# SPDX-License-Identifier: GPL-2.0-or-later
"""Each cause in words: addresses filled in, commands that can be run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.causes import CAUSES, Scene, explain_cause
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_SCTP, PROTO_TCP, PROTO_UDP

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


@pytest.mark.parametrize(
    ("cause", "protocol", "line"),
    [
        (signatures.FILTERED_PORT, PROTO_UDP, "on {real}: {iptables} -I INPUT -d {vip} -p udp --dport 80 -j ACCEPT"),
        (signatures.REJECTED, PROTO_SCTP, "on {real}: {iptables} -I INPUT -d {vip} -p sctp --dport 80 -j ACCEPT"),
        (signatures.REJECTED, PROTO_ICMP, "on {real}: {iptables} -I INPUT -d {vip} -p {icmp} -j ACCEPT"),
        (signatures.SERVICE_DOWN, PROTO_UDP, "on {real}: ss -lunp 'sport = :80'"),
        (signatures.SERVICE_DOWN, PROTO_TCP, "on {real}: ss -ltnp 'sport = :80'"),
        (signatures.ANSWERS_FROM_REAL_ADDRESS, PROTO_UDP, "on {real}: ss -lunp 'sport = :80'"),
    ],
)
@SCENES
def test_commands_are_of_the_protocol(scene: Scene, cause: str, protocol: int, line: str) -> None:
    words = {**scene.words(), "icmp": "ipv6-icmp" if scene.is_ipv6 else "icmp"}
    assert line.format_map(words) in explain_cause(cause, replace(scene, protocol=protocol))[1]


@SCENES
def test_a_ping_has_no_port(scene: Scene) -> None:
    for cause in (signatures.REJECTED, signatures.VIP_MISSING_OR_FILTERED):
        sentence, fix = explain_cause(cause, replace(scene, port=4711, protocol=PROTO_ICMP))
        assert "4711" not in " ".join((sentence, *fix))


def test_braces_in_what_was_said_are_only_said() -> None:
    scene = Scene(SCENE4.real_ip, SCENE4.vip, 80, detail="an answer with {braces}")
    assert "{braces}" in explain_cause(signatures.UNCLEAR, scene)[0]
