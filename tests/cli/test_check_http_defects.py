# SPDX-License-Identifier: GPL-2.0-or-later
"""What the C tool gets wrong on an HTTP check, one test each, by the commands that take its place."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4
from lvs_rawcheck.wire.ip import PROTO_UDP, build_packet
from lvs_rawcheck.wire.tcp import ACK, ECE, FIN, PSH, RST, SYN, Segment
from tests.checks.http.responder import BIG, BODY, page
from tests.cli.commands import Desk
from tests.cli.puppet import Puppet
from tests.cli.site import DIRECTOR_IP, NOBODY_IP, PORT, REAL_IP, VIP, Site
from tests.cli.stage import START_UP, Stage
from tests.cli.web_site import WEB_PORT, WebSite
from tests.netns.roles import director
from tests.netns.topology import Host, Network, end_process

pytestmark = pytest.mark.netns

MD5 = hashlib.md5(BODY).hexdigest()
URL = ("www.example.com", "/")
PAGE = page()


@pytest.fixture(scope="module")
def web() -> Iterator[WebSite]:
    with Network() as network:
        yield WebSite(Site(network))


@pytest.fixture
def stage(network: Network, desk: Desk) -> Stage:
    return Stage(network, desk, "check_http_get_raw", ("eth0", REAL_IP, VIP, PORT, *URL, MD5))


@pytest.fixture
def puppet(stage: Stage) -> Iterator[Puppet]:
    with Puppet(stage.puppet_host) as made:
        yield made


def request_of(puppet: Puppet, flags: int = SYN | ACK) -> Segment:
    """Play the handshake as the server; return the segment with the request."""
    puppet.answer(puppet.next_segment(wanted=SYN), flags)
    segment = puppet.next_segment()
    while not segment.payload:
        segment = puppet.next_segment()
    assert segment.payload.startswith(b"GET / HTTP/1.1\r\n")
    return segment


def finish(stage: Stage, child: subprocess.Popen[str]) -> int:
    """Return the exit status, and say what was said."""
    outcome = stage.finish(child)
    assert outcome.status == 0, outcome.stdout + outcome.stderr
    return outcome.status


def test_defect_1_get_raw_works_without_a_role_file(desk: Desk, web: WebSite) -> None:
    assert web.get(desk, md5=MD5).status == 0


def test_defect_3_short_foreign_frames(stage: Stage, puppet: Puppet) -> None:
    child = stage.start()
    request = request_of(puppet)
    whole = puppet.packet(request, ACK | PSH, seq=1, payload=PAGE)
    for length in range(1, len(whole)):  # each says that it is ours, and ends early
        puppet.send_frame(ETHERTYPE_IPV4, whole[:length])
    tiny = build_packet(parse_address(NOBODY_IP), parse_address(DIRECTOR_IP), PROTO_UDP, b"")
    puppet.send_frame(ETHERTYPE_IPV4, tiny)
    puppet.answer(request, ACK | PSH, seq=1, payload=PAGE)
    finish(stage, child)


def test_defect_4_nothing_of_a_longer_frame_gets_into_the_body(stage: Stage, puppet: Puppet) -> None:
    child = stage.start()
    request = request_of(puppet)
    long = build_packet(parse_address(NOBODY_IP), parse_address(DIRECTOR_IP), PROTO_UDP, b"left over" * 100)
    puppet.send_frame(ETHERTYPE_IPV4, long)
    close_delimited = b"HTTP/1.0 200 OK\r\n\r\n" + BODY
    answer = puppet.packet(request, ACK | PSH | FIN, seq=1, payload=close_delimited)
    puppet.send_frame(ETHERTYPE_IPV4, answer + b"padding of the frame")
    finish(stage, child)


def test_defect_5_a_flood_of_foreign_frames(desk: Desk, web: WebSite) -> None:
    program = str(Path(__file__).with_name("flood.py"))
    flood = web.site.server.popen([sys.executable, "-I", "-S", program, DIRECTOR_IP, "20", "600"])
    assert flood.stdout is not None
    assert flood.stdout.readline() == "READY\n"
    try:
        outcomes = [web.get(desk, md5=MD5) for _ in range(5)]
        assert flood.poll() is None, "the flood was over before the checks were"
    finally:
        end_process(flood)
    assert [outcome.stdout for outcome in outcomes if outcome.status != 0] == []


def test_defect_6_a_response_of_many_segments(desk: Desk, web: WebSite) -> None:
    assert web.get(desk, path="/big", md5=hashlib.md5(BIG).hexdigest()).status == 0


def test_defect_7_a_lost_request_is_sent_again(stage: Stage, puppet: Puppet) -> None:
    child = stage.start()
    first = request_of(puppet)
    again = puppet.next_segment(wanted=PSH)
    assert (again.seq, again.payload) == (first.seq, first.payload)
    puppet.answer(again, ACK | PSH, seq=1, payload=PAGE)
    finish(stage, child)


def test_defect_7_a_response_out_of_order_and_twice(stage: Stage, puppet: Puppet) -> None:
    child = stage.start()
    request = request_of(puppet)
    puppet.answer(request, ACK, seq=21, payload=PAGE[20:])
    puppet.answer(request, ACK, seq=21, payload=PAGE[20:])
    puppet.answer(request, ACK, seq=1, payload=PAGE[:30])
    finish(stage, child)


@pytest.mark.parametrize("flags", [ACK, ACK | PSH | FIN, ACK | ECE], ids=["with the ACK", "with the FIN", "with ECE"])
def test_defect_8_data_with_other_flags(stage: Stage, puppet: Puppet, flags: int) -> None:
    child = stage.start()
    puppet.answer(request_of(puppet), flags, seq=1, payload=PAGE)
    finish(stage, child)


def test_defect_9_a_server_that_speaks_first(stage: Stage, puppet: Puppet) -> None:
    child = stage.start()
    syn = puppet.next_segment(wanted=SYN)
    puppet.answer(syn, SYN | ACK)
    puppet.answer(syn, ACK | PSH, seq=1, payload=PAGE)
    finish(stage, child)


def test_defect_10_a_reset_after_the_response_changes_no_verdict(
    desk: Desk, web: WebSite, stage: Stage, puppet: Puppet
) -> None:
    assert web.get(desk, path="/rest", md5=MD5).status == 0
    child = stage.start()
    request = request_of(puppet)
    puppet.answer(request, ACK | PSH, seq=1, payload=PAGE)
    puppet.answer(request, RST | ACK, seq=1 + len(PAGE))
    finish(stage, child)


def test_defect_11_the_standby_obeys_the_timeout(desk: Desk, web: WebSite) -> None:
    role = desk.file("role", "0")
    outcome = web.check(desk, "-t", "100", "-r", str(role), "-S200", path="/silent")
    assert outcome.status == 1
    assert "down: timeout (standard check)" in outcome.stdout
    assert 0.4 <= outcome.seconds < 0.4 + START_UP


def test_defect_11_the_standby_obeys_the_timeout_where_nobody_answers(desk: Desk, network: Network) -> None:
    with Puppet(network.host("puppet")) as silent:
        standby: Host = director(network, "standby", [f"{DIRECTOR_IP}/24"])
        standby.ip("neighbour", "add", REAL_IP, "lladdr", silent.mac.hex(":"), "dev", "eth0")
        role = desk.file("role", "0")
        words = ("-t", "100", "-r", str(role), "eth0", REAL_IP, VIP, PORT, *URL, MD5)
        outcome = desk.run(standby, "check_http_get_raw", *desk.own_folders(), *words)
    assert outcome.status == 1
    assert 0.4 <= outcome.seconds < 0.4 + START_UP


@pytest.mark.parametrize("path", ["/drip", "/endless-body"])
def test_defect_12_the_timeout_counts_time_whatever_arrives(desk: Desk, web: WebSite, path: str) -> None:
    outcome = web.check(desk, "-t", "150", "-S200", path=path)
    assert (outcome.status, ": timeout: " in outcome.stdout) == (1, True)
    assert 0.6 <= outcome.seconds < 0.6 + START_UP


def test_defect_13_a_reset_outside_the_window_ends_nothing(stage: Stage, puppet: Puppet) -> None:
    child = stage.start()
    request = request_of(puppet)
    puppet.answer(request, RST, seq=-1)
    puppet.answer(request, RST | ACK, seq=1_000_000)
    puppet.answer(request, ACK | PSH, seq=1, payload=PAGE)
    finish(stage, child)


@pytest.mark.parametrize("header", ["server: responder", "SERVER: responder", "Server:responder"])
def test_defect_15_the_name_of_a_header_has_no_case(desk: Desk, web: WebSite, header: str) -> None:
    assert web.check(desk, "-R", header).status == 0
    assert web.check(desk, "-R", header.replace("responder", "Responder")).status == 1


def test_defect_16_the_body_is_what_the_framing_says(desk: Desk, web: WebSite) -> None:
    nul = hashlib.md5(b"before\0after").hexdigest()
    assert web.get(desk, path="/nul", md5=nul).status == 0
    assert web.get(desk, path="/nul", md5=hashlib.md5(b"before").hexdigest()).status == 1
    for path in ("/chunked", "/garbage", "/1.0", "/half", "/stay"):
        assert web.get(desk, path=path, md5=MD5).status == 0, path
    short = web.get(desk, path="/short", md5=MD5)
    assert (short.status, ": closed: " in short.stdout) == (1, True)


def test_defect_17_line_ends_without_cr(desk: Desk, web: WebSite) -> None:
    assert web.get(desk, path="/lf", md5=MD5).status == 0
    assert web.check(desk, "-R", "Server: responder", path="/lf").status == 0


@pytest.mark.parametrize("path", ["/banner", "/endless-header", "/many", "/half-early", "/die"])
def test_defect_17_what_is_no_http_is_a_failure_and_no_crash(desk: Desk, web: WebSite, path: str) -> None:
    for outcome in (web.get(desk, path=path, md5=MD5), web.check(desk, "-vv", "-S200", path=path)):
        assert outcome.status == 1  # a death by signal would be negative, and healthy to ldirectord
        assert f"{VIP}:{WEB_PORT} via {REAL_IP} down: " in outcome.stdout


@pytest.mark.parametrize(
    ("options", "port", "told"),
    [
        (("-t", "50"), "http", f"{VIP}:80 via {REAL_IP} down: timeout"),  # there it accepts, and says nothing
        ((), "no-such-service", "nor a TCP service known to this system"),
        (("-t", "-5"), WEB_PORT, "not a time in milliseconds"),
    ],
)
def test_defect_18_service_names_and_negative_times(
    desk: Desk, web: WebSite, options: tuple[str, ...], port: str, told: str
) -> None:
    words = ("-S200", *options, "eth0", REAL_IP, VIP, port, *URL)
    outcome = desk.run(web.site.director, "check_http_raw", *desk.own_folders(), *words)
    assert outcome.status == 1
    assert told in outcome.stdout + outcome.stderr
