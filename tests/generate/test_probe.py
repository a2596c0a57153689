# SPDX-License-Identifier: GPL-2.0-or-later
"""Planned checks tried once from a director: which servers would lose their traffic, and what is said of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lvs_rawcheck.checks.base import Endpoint, Reason
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.director.ipvs import IpvsTable, parse_table
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.decision import Decision
from lvs_rawcheck.generate.in_table import in_table, marks_of
from lvs_rawcheck.generate.options import parse_fwmark
from lvs_rawcheck.generate.probing import run_all
from lvs_rawcheck.generate.rollout import decide_by_probes
from lvs_rawcheck.registry.read import parse_service
from lvs_rawcheck.registry.service import Service
from tests.checks.site import PORT, V4, active, healthy, packed, server_without_service, standby
from tests.netns.roles import host_prefix, lose_vip
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

needs_namespaces = pytest.mark.netns
NAME = "web"
HEADING = b"IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress\n"
REAL_ID, OTHER_ID = f"{NAME}/{V4.real}", f"{NAME}/{V4.other_real}"


def service(further: str = "", addresses: tuple[str, ...] = (V4.real, V4.other_real)) -> Service:
    """Return a TCP service of the site; further: keys of its own."""
    servers = "".join(f'[[real_server]]\naddress = "{address}"\n' for address in addresses)
    text = f'endpoint = ["{V4.vip}:{PORT}"]\ntimeout = 0.6\n{further}\n[[check]]\nkind = "tcp"\n{servers}'
    return parse_service("web.toml", NAME, text.encode(), lambda: None)


def hexadecimal(address: str, port: int) -> bytes:
    return f"{packed(address).hex().upper()}:{port:04X}".encode()


def table(*servers: tuple[str, int], virtual: bytes = b"TCP  " + hexadecimal(V4.vip, PORT)) -> IpvsTable:
    """Return a table of one virtual server; servers: address and weight."""
    lines = b"".join(
        b"  -> %s      Route   %d      0          0\n" % (hexadecimal(address, PORT), weight)
        for address, weight in servers
    )
    return parse_table(HEADING + virtual + b" rr\n" + lines)


BOTH_IN = table((V4.real, 1), (V4.other_real, 1))


def decide(host: Host, wanted: Service, present: IpvsTable, accepted: tuple[str, ...] = ()) -> Decision:
    """Return what is decided on a host."""
    with host.entered():
        return decide_by_probes([wanted], {}, present, accepted, lambda address: False, lambda done, total: None)


@needs_namespaces
def test_healthy_servers_are_no_reason(network: Network) -> None:
    host = active(network)
    for name in ("real", "other_real"):
        server = healthy(network, name)
        tcp_server(server, getattr(V4, name), PORT)
    decision = decide(host, service(), BOTH_IN)
    assert decision.refusals == []
    assert decision.notes == ["2 checks were run, 2 of them passed"]


@needs_namespaces
def test_a_server_that_gets_traffic_and_would_lose_it_is_named_with_its_reason(network: Network) -> None:
    host = active(network)
    healthy(network)
    lose_vip(server_without_service(network, "other_real"), V4.vip)
    wanted = service('standby = "raw"')
    decision = decide(host, wanted, BOTH_IN)
    (refusal,) = decision.refusals
    assert refusal.startswith(f"{OTHER_ID}: raw: {Reason.NO_ANSWER}: ")
    assert refusal.endswith("(it gets traffic now, and would lose it)")
    accepted = decide(host, wanted, BOTH_IN, (OTHER_ID,))
    assert accepted.refusals == []
    assert any(note.startswith(OTHER_ID) and note.endswith("(accepted)") for note in accepted.notes)


@needs_namespaces
def test_a_check_that_only_observes_takes_no_traffic_away(network: Network) -> None:
    host = active(network)
    server = healthy(network)
    tcp_server(server, V4.real, PORT)
    lose_vip(server, V4.vip)
    decision = decide(host, service('mode = "observe"', (V4.real,)), BOTH_IN)
    assert decision.refusals == []
    (note,) = (note for note in decision.notes if note.startswith(f"{REAL_ID}: raw: "))
    assert note.endswith("(the raw check only observes, and the standard one passed)")


@needs_namespaces
def test_an_observed_server_whose_standard_check_fails_would_lose_its_traffic(network: Network) -> None:
    host = active(network)
    healthy(network)
    decision = decide(host, service('mode = "observe"', (V4.real,)), BOTH_IN)
    assert decision.refusals[0].startswith(f"{REAL_ID}: standard: {Reason.REFUSED}: ")


@needs_namespaces
def test_a_server_that_is_out_of_the_table_may_fail(network: Network) -> None:
    host = active(network)
    healthy(network)
    server_without_service(network, "other_real")
    wanted = service('standby = "raw"')
    for present in (table((V4.real, 1)), table((V4.real, 1), (V4.other_real, 0))):
        decision = decide(host, wanted, present)
        assert decision.refusals == []
        (note,) = (note for note in decision.notes if note.startswith(OTHER_ID))
        assert f"raw: {Reason.REFUSED}" in note
        assert note.endswith("(it gets no traffic now)")


@needs_namespaces
def test_the_standby_check_is_tried_too(network: Network) -> None:
    """The raw check passes, and a backup would take the server out: nothing listens on its own address."""
    host = active(network)
    healthy(network)
    decision = decide(host, service(addresses=(V4.real,)), BOTH_IN)
    refusal = decision.refusals[0]
    assert refusal.startswith(f"{REAL_ID}: standard: {Reason.REFUSED}: ")
    assert not any(": raw: " in each for each in decision.refusals)


@needs_namespaces
def test_a_backup_tries_the_raw_check_all_the_same(network: Network, tmp_path: Path) -> None:
    host = standby(network)
    server = healthy(network)
    tcp_server(server, V4.real, PORT)
    role_file = tmp_path / "role"
    role_file.write_text("0 BACKUP\n")
    wanted = service(f'role_file = "{role_file}"', (V4.real,))
    assert decide(host, wanted, BOTH_IN).refusals == []
    lose_vip(server, V4.vip)
    assert decide(host, wanted, BOTH_IN).refusals[0].startswith(f"{REAL_ID}: raw: ")


@needs_namespaces
def test_where_all_servers_fail_the_fault_is_hardly_theirs(network: Network) -> None:
    host = active(network)
    for name in ("real", "other_real"):
        server_without_service(network, name)
    decision = decide(host, service(), BOTH_IN)
    assert decision.refusals[-1] == f"{NAME}: no server passed: the fault is probably ours or the VIP's, not theirs"


@needs_namespaces
def test_our_own_failure_is_a_reason_and_no_standard_check_hides_it(network: Network) -> None:
    host = active(network)
    server = healthy(network)
    tcp_server(server, V4.real, PORT)
    wanted = service('interface = "nowhere"\non_cannot_judge = "standard"', (V4.real,))
    (refusal, _) = decide(host, wanted, BOTH_IN).refusals
    assert refusal.startswith(f"{REAL_ID}: raw: {Reason.CANNOT_JUDGE}: ")


@needs_namespaces
def test_a_vip_of_the_plan_is_never_a_source(network: Network) -> None:
    """No registry names it yet: a server that holds the source as a VIP of its own would answer to itself."""
    host = active(network)
    server = healthy(network)
    server.add_address(host_prefix(V4.other_vip), "lo")
    tcp_server(server, V4.real, PORT)
    host.remove_address(V4.on_link(V4.director), "eth0")
    host.add_address(V4.on_link(V4.other_vip), "eth0")
    host.add_address(V4.on_link(V4.director), "eth0")
    wanted = service(addresses=(V4.real,))
    assert decide(host, wanted, BOTH_IN).refusals != []
    other = (
        f'endpoint = ["{V4.other_vip}:{PORT}"]\n[[check]]\nkind = "tcp"\n[[real_server]]\naddress = "{V4.other_real}"\n'
    )
    services = [wanted, parse_service("other.toml", "other", other.encode(), lambda: None)]
    with host.entered():
        decision = decide_by_probes(services, {}, BOTH_IN, (), lambda address: False, lambda done, total: None)
    assert decision.refusals == []


def test_an_id_that_nobody_planned_is_an_error() -> None:
    with pytest.raises(UsageError, match="no planned check is called web/nobody"):
        decide_by_probes([service()], {}, BOTH_IN, ["web/nobody"], lambda _: False, lambda done, total: None)


# Whether a server is in the table


def is_in(present: IpvsTable, marks: tuple[int, ...] = ()) -> bool | None:
    return in_table("tcp", [Endpoint(packed(V4.vip), PORT)], marks, packed(V4.real), present)


def test_in_the_table() -> None:
    assert is_in(table((V4.real, 1))) is True
    assert is_in(table((V4.other_real, 1))) is False
    assert is_in(table((V4.real, 0))) is False
    assert is_in(table((V4.real, 1), virtual=b"UDP  " + hexadecimal(V4.vip, PORT))) is None
    assert is_in(table((V4.real, 1), virtual=b"TCP  " + hexadecimal(V4.vip, PORT + 1))) is None


def test_a_virtual_server_of_any_port() -> None:
    assert is_in(table((V4.real, 1), virtual=b"TCP  " + hexadecimal(V4.vip, 0))) is True


def test_a_virtual_server_of_a_mark() -> None:
    present = table((V4.real, 1), virtual=b"FWM  0000000A")
    assert is_in(present) is None
    mark, meant = parse_fwmark(f"10={V4.vip}:{PORT}")
    marks = marks_of([Endpoint(packed(V4.vip), PORT)], {mark: meant})
    assert marks == (10,)
    assert is_in(present, marks) is True
    assert marks_of([Endpoint(packed(V4.other_vip), PORT)], {mark: meant}) == ()


# Many at once


def slow_request(seconds: float) -> Request:
    time.sleep(seconds)
    return Request("tcp", (TcpConversation,), packed(V4.real), [Endpoint(packed(V4.vip), PORT)])


def broken_request() -> Request:
    raise RuntimeError("a fault of ours")


def children() -> list[str]:
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()


def test_what_takes_too_long_is_ended_and_has_no_verdict() -> None:
    before = children()
    started = time.monotonic()
    told: list[tuple[int, int]] = []
    verdicts = run_all(
        [lambda: slow_request(60)] * 5 + [broken_request],
        lambda done, total: told.append((done, total)),
        at_once=6,
        seconds_most=2.5,
    )
    assert time.monotonic() - started < 10
    assert verdicts[:5] == [None] * 5
    assert verdicts[5] is not None
    assert verdicts[5].detail == "internal error: RuntimeError: a fault of ours"
    assert told[-1] == (1, 6)
    assert children() == before


def test_no_more_than_some_run_at_once() -> None:
    most = 0

    def note(done: int, total: int) -> None:
        nonlocal most
        most = max(most, len(children()))

    before = len(children())
    run_all([lambda: slow_request(60)] * 8, note, at_once=3, seconds_most=1.5)
    assert most - before == 3


def test_a_process_that_dies_gives_no_health() -> None:
    def die() -> Request:
        os.kill(os.getpid(), 9)
        raise AssertionError

    (verdict,) = run_all([die], lambda done, total: None)
    assert verdict is not None
    assert verdict.reason == Reason.CANNOT_JUDGE
    assert "without a verdict" in verdict.detail
