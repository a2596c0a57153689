# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes to Python by the lanes' filters: our answers, and of UDP nothing that is for no check's port."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.daemon.health import DOWN, UP
from lvs_rawcheck.errors import LinkError
from tests.checks.datagram.site import ECHO_PORT, WILDCARD_PORT, udp_server
from tests.checks.flooder import UDP, ip_packet
from tests.checks.site import PORT, V4, V6, Family, active, both_families, healthy, server_without_service
from tests.daemon.desk import Desk
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

CHECK = f"web/{V4.real}"
ANY_PORT = range(1024, 65536, 31)
ETHERTYPES = {V4: b"\x08\x00", V6: b"\x86\xdd"}
UDP_TABLES = {V4: "/proc/net/udp", V6: "/proc/net/udp6"}
ROOM, NO_ROOM = 4000, 400  # octets
FAR_APART = [f"10.{number}.{number * 7 % 256}.{number * 11 % 256}" for number in range(1, 250)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def _guarded(host: Host, family: Family) -> set[int]:
    """Return the ports of UDP that somebody holds there."""
    rows = host.run(["cat", UDP_TABLES[family]]).stdout.splitlines()[1:]
    return {int(row.split()[1].rpartition(":")[2], 16) for row in rows}


def _send(sender: Host, receiver: Host, packets: Sequence[bytes], family: Family) -> None:
    header = receiver.mac_octets + sender.mac_octets + ETHERTYPES[family]
    with sender.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        raw.bind(("eth0", 0))
        for packet in packets:
            raw.send(header + packet)


def _datagram(source: str, destination: str, port: int) -> bytes:
    words = (ECHO_PORT, port, 12, 0)
    return ip_packet(source, destination, UDP, b"".join(word.to_bytes(2, "big") for word in words) + b"tiny")


def _write_udp(desk: Desk, name: str, family: Family, port: int, **settings: object) -> str:
    """Write the service file of a check that wants an answer; return its ID."""
    endpoint = f"[{family.vip}]:{port}" if family is V6 else f"{family.vip}:{port}"
    check = 'kind = "udp"\nrequire_reply = "any"'
    desk.write_endpoint(name, endpoint, family.real, check=check, protocol='"udp"', **settings)
    return f"{name}/{family.real}"


def _director_with_room(network: Network, octets: int) -> Host:
    """Return a director with a healthy server, whose kernel grants a socket's filter no more than this."""
    director = active(network)
    healthy(network)
    try:
        director.sysctl("net.core.optmem_max", octets)
    except FileNotFoundError:
        pytest.skip("net.core.optmem_max is the whole host's, not the namespace's (before Linux 6.8)")
    return director


@both_families
def test_no_datagram_of_others_comes_in_but_to_the_ports_of_checks(
    network: Network, desk: Desk, family: Family
) -> None:
    director, real = active(network), server_without_service(network)
    udp_server(real, family.vip, ECHO_PORT, "echo")
    check_id = _write_udp(desk, "echo", family, ECHO_PORT, interval=3600.0)
    with desk.running(director) as daemon:
        daemon.engine.hasten_first(daemon.engine.checks, clock.now())
        desk.until_state(check_id, UP)
        guarded, before = _guarded(director, family), daemon.lanes.traffic().received
        assert len(guarded) > 100
        foreign = [_datagram(family.nobody, family.director, port) for port in ANY_PORT if port not in guarded]
        to_ours = [_datagram(family.nobody, family.director, port) for port in sorted(guarded)[:3]]
        _send(real, director, [*foreign, *to_ours], family)
        desk.until(lambda: daemon.lanes.traffic().received >= before + len(to_ours), "the last of them come")
        assert daemon.lanes.traffic().received == before + len(to_ours), "they came in order: no other one did"
        assert desk.of(check_id).state == UP


def test_an_answer_from_another_address_than_the_vip_is_still_told(network: Network, desk: Desk) -> None:
    director, real = active(network), server_without_service(network)
    udp_server(real, "0.0.0.0", WILDCARD_PORT, "echo")
    check_id = _write_udp(desk, "wild", V4, WILDCARD_PORT)
    with desk.running(director):
        assert desk.until_state(check_id, DOWN).reason == "wrong-address"


def test_more_checks_over_udp_than_there_were_get_more_ports(network: Network, desk: Desk) -> None:
    director, real = active(network), server_without_service(network)
    udp_server(real, V4.vip, ECHO_PORT, "echo")
    tcp_server(real, V4.vip, PORT)
    desk.write("web", V4, V4.real)
    with desk.running(director) as daemon:
        desk.until_state(CHECK, UP)
        assert not _guarded(director, V4)
        first = _write_udp(desk, "first", V4, ECHO_PORT)
        daemon.load()
        desk.until_state(first, UP)
        few = _guarded(director, V4)
        assert len(few) > 100
        many = [_write_udp(desk, f"other{number}", V4, ECHO_PORT, interval=3600.0) for number in range(200)]
        daemon.load()
        desk.until_run_again(first)
        assert desk.of(CHECK).state == UP
        assert len(_guarded(director, V4)) > max(len(few), len(many))


def test_a_kernel_with_little_room_for_filters_is_asked_for_less_and_that_is_said_once(
    network: Network, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    director = _director_with_room(network, ROOM)
    desk.write("web", V4, V4.real)
    for number, vip in enumerate(FAR_APART):
        desk.write_endpoint(f"far{number}", f"{vip}:{PORT}", V4.real, interval=3600.0)
    with desk.running(director) as daemon:
        desk.until_state(CHECK, UP)
        (lane,) = daemon.lanes.all()
        daemon.lanes.close_lane(lane, LinkError("a test wants it opened anew"))
        desk.until_run_again(CHECK)
        assert desk.of(CHECK).state == UP
        assert daemon.lanes.all() != [lane]
    said = [record.getMessage() for record in caplog.records if "no room for a filter" in record.getMessage()]
    assert len(said) == 1
    assert "net.core.optmem_max to 20480" in said[0]


def test_a_kernel_with_no_room_at_all_is_our_own_fault(network: Network, desk: Desk) -> None:
    director = _director_with_room(network, NO_ROOM)
    desk.write("web", V4, V4.real)
    with desk.running(director):
        desk.until(lambda: desk.of(CHECK).held is not None, "it cannot be judged")
        assert "the kernel refused a filter" in str(desk.of(CHECK).held)
        assert desk.of(CHECK).healthy is None
