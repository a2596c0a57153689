# SPDX-License-Identifier: GPL-2.0-or-later
"""Each cause in words: addresses filled in, commands that can be run, and none that opens a firewall."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.causes import CAUSES, fixes_of, rank, sentence_beside, sentence_of, severity_of
from lvs_rawcheck.diagnose.diagnosis import diagnose, diagnose_known
from lvs_rawcheck.diagnose.finding import ERROR, WARNING
from lvs_rawcheck.diagnose.fix import THIS_HOST
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.diagnose.scene import Scene
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_SCTP, PROTO_TCP, PROTO_UDP

SCENE4 = Scene(
    parse_address("10.0.0.42"), parse_address("10.0.0.100"), 80, "eth0", "02:00:00:00:02:00", "what was said"
)
SCENE6 = Scene(parse_address("2001:db8::42"), parse_address("2001:db8::100"), 80)
SCENES = pytest.mark.parametrize("scene", [SCENE4, SCENE6], ids=["IPv4", "IPv6"])
OPENS_A_FIREWALL = re.compile(r"\b(iptables|ip6tables|nft|ufw|firewall-cmd)\b")
VIP_MISSING = (
    signatures.VIP_MISSING_OR_FILTERED,
    signatures.VIP_MISSING_FORWARDING,
    signatures.VIP_MISSING_LOCAL,
    signatures.WRONG_MACHINE,
)


def lines(cause: str, scene: Scene) -> list[str]:
    """Return its steps as they are told."""
    return [str(fix) for fix in fixes_of(cause, scene)]


def test_every_cause_has_words_and_a_place_in_path_order() -> None:
    named = {value for name, value in vars(signatures).items() if name.isupper() and isinstance(value, str)}
    assert set(CAUSES) == named == set(signatures.PATH_ORDER)
    assert [rank(cause) for cause in signatures.PATH_ORDER] == list(range(len(named)))
    assert list(CAUSES) == list(signatures.PATH_ORDER)


@SCENES
@pytest.mark.parametrize("cause", sorted(CAUSES))
def test_nothing_is_left_to_fill_in(cause: str, scene: Scene) -> None:
    for text in (sentence_of(cause, scene), sentence_beside(cause, scene)):
        assert not re.search("[{}]", text)
        assert text.endswith((".", ".)"))
    fixes = fixes_of(cause, scene)
    assert bool(fixes) == (cause != signatures.HEALTHY)
    for fix in fixes:
        assert bool(fix.command) != bool(fix.instruction)
        assert fix.host in (THIS_HOST, "10.0.0.42", "2001:db8::42", "the routers")
        assert not any(f"{{{name}}}" in f"{fix.host} {fix.command} {fix.instruction}" for name in scene.words())
        assert not fix.instruction.endswith(".")


@SCENES
@pytest.mark.parametrize("cause", sorted(CAUSES))
def test_no_command_touches_a_firewall(cause: str, scene: Scene) -> None:
    for fix in fixes_of(cause, scene):
        assert not OPENS_A_FIREWALL.search(fix.command)
        assert "-j ACCEPT" not in str(fix)


@SCENES
def test_only_what_is_healthy_has_no_severity(scene: Scene) -> None:
    for cause in CAUSES:
        assert severity_of(cause) == diagnose_known(cause, scene).severity
        assert (severity_of(cause) in (ERROR, WARNING)) == (cause != signatures.HEALTHY)


@pytest.mark.parametrize("cause", VIP_MISSING)
def test_before_a_server_gets_the_vip_it_is_taught_not_to_steal_it(cause: str) -> None:
    fixes = fixes_of(cause, SCENE4)
    host = THIS_HOST if cause == signatures.VIP_MISSING_LOCAL else "10.0.0.42"
    assert [str(fix) for fix in fixes[:3]] == [
        f"on {host}: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2",
        f"on {host}: ip addr replace 10.0.0.100/32 dev lo",
        f"on {host}: printf 'net.ipv4.conf.all.arp_ignore = 1\\nnet.ipv4.conf.all.arp_announce = 2\\n'"
        " > /etc/sysctl.d/60-lvs-rawcheck.conf",
    ]
    assert "/etc/network/interfaces" in fixes[3].instruction
    assert "iface lo inet loopback" in fixes[3].instruction


@pytest.mark.parametrize("cause", VIP_MISSING)
def test_an_ipv6_address_on_lo_is_never_announced_and_needs_no_setting(cause: str) -> None:
    fixes = fixes_of(cause, SCENE6)
    assert fixes[0].command == "ip -6 addr replace 2001:db8::100/128 dev lo"
    assert "iface lo inet6 loopback" in fixes[1].instruction
    assert not any("arp" in str(fix) for fix in fixes)


@pytest.mark.parametrize(
    ("cause", "scene", "line"),
    [
        (
            signatures.ARP_LEAK,
            SCENE4,
            "on 10.0.0.42: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2",
        ),
        (signatures.ARP_LEAK, SCENE6, "on 2001:db8::42: ip -6 addr replace 2001:db8::100/128 dev lo"),
        (signatures.NEIGHBOUR_ENTRY_WRONG, SCENE4, "on this director: ip neigh del 10.0.0.42 dev eth0"),
    ],
)
def test_the_first_line_is_the_command_with_the_real_addresses(cause: str, scene: Scene, line: str) -> None:
    assert lines(cause, scene)[0] == line


@pytest.mark.parametrize(
    ("cause", "protocol", "words"),
    [
        (signatures.FILTERED_PORT, PROTO_UDP, "takes UDP port 80 of {vip}"),
        (signatures.REJECTED, PROTO_SCTP, "takes SCTP port 80 of {vip}"),
        (signatures.REJECTED, PROTO_ICMP, "takes echo of {vip}"),
        (signatures.REJECTED, PROTO_ICMP, "{iptables}-save"),
        (signatures.SERVICE_DOWN, PROTO_UDP, "ss -lunp 'sport = :80'"),
        (signatures.SERVICE_DOWN, PROTO_TCP, "ss -ltnp 'sport = :80'"),
        (signatures.ANSWERS_FROM_REAL_ADDRESS, PROTO_UDP, "ss -lunp 'sport = :80'"),
    ],
)
@SCENES
def test_steps_are_of_the_protocol(scene: Scene, cause: str, protocol: int, words: str) -> None:
    (first, *_) = fixes_of(cause, replace(scene, protocol=protocol))
    assert words.format_map(scene.words()) in first.instruction


@SCENES
def test_a_ping_has_no_port(scene: Scene) -> None:
    for cause in (signatures.REJECTED, signatures.VIP_MISSING_OR_FILTERED):
        told = diagnose_known(cause, replace(scene, port=4711, protocol=PROTO_ICMP))
        assert "4711" not in " ".join((told.sentence, *map(str, told.fixes)))


def test_braces_in_what_was_said_are_only_said() -> None:
    scene = Scene(SCENE4.real_ip, SCENE4.vip, 80, detail="an answer with {braces}")
    assert "{braces}" in sentence_of(signatures.UNCLEAR, scene)


def test_of_two_faults_the_first_in_path_order_is_named_and_the_second_mentioned() -> None:
    seen = Observations(
        Place.WIRE,
        "no-answer",
        echo=Answer.SILENCE,
        vip_neighbour=Answer.SILENCE,
        own_service=Answer.REFUSED,
        own_neighbour=Answer.REPLY,
        announced=Answer.REPLY,
    )
    told = diagnose(seen, SCENE4)
    assert told.cause == signatures.VIP_MISSING_OR_FILTERED
    assert [second.cause for second in told.seconds] == [signatures.SERVICE_DOWN, signatures.ARP_ANNOUNCE]
    assert told.seconds[0].sentence.startswith("Nothing listens on 10.0.0.42 port 80 either")
    assert told.seconds[1].severity == WARNING
    assert told.to_dict()["fixes"] == [fix.to_dict() for fix in told.fixes]


def test_what_a_configuration_says_is_a_cause_too() -> None:
    told = diagnose_known(signatures.PORT_TRANSLATION, replace(SCENE4, real_port=8080))
    assert "port 8080" in told.sentence
    assert "arrive at port 80" in told.sentence
    finding = told.finding("10.0.0.42 for 10.0.0.100:80", ["keepalived.conf:7"])
    assert (finding.cause, finding.severity, finding.evidence) == ("port-translation", WARNING, ["keepalived.conf:7"])
