# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks of a sweep that are made together in one process, and those that are not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lvs_rawcheck.checks.kinds import KINDS, load_kind
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.sweep_batch import ORDERS_MOST
from lvs_rawcheck.cli.sweep_orders import TIMEOUT_MOST, OrderBook
from lvs_rawcheck.registry.read import read_check
from lvs_rawcheck.registry.requests import request_of
from lvs_rawcheck.wire.address import parse_address
from tests.cli.commands import WITHOUT_NET_RAW, Desk
from tests.cli.registry_desk import register, service
from tests.cli.site import PORT, REAL_IP, VIP, Site
from tests.cli.swept import LOST_VIP, last, leave_verdict, let_die, run_by_the_gate, run_on, wait_for_sweep
from tests.netns.services import tcp_server
from tests.netns.topology import wait_until

netns = pytest.mark.netns
FLAKY_VIP = "10.0.0.102"
SYNS_OF_A_RUN = 3  # in 0.5 s, 0.2 s apart
HTTP = 'kind = "http"\n'
ALONE = {
    "several": service("timeout = 0.5", endpoints=[f"{VIP}:{PORT}", f"{LOST_VIP}:{PORT}"]),
    "patient": service(f"timeout = {TIMEOUT_MOST + 1}"),
    "observed": service('mode = "observe"'),
    "searched": service("timeout = 0.5", check=f'{HTTP}regex = "a+"'),
    "searched_dns": service(check='kind = "dns"\nname = "www.example.com"\ntype = "A"\nreceive = "a+"'),
    "of_lines": service(check='kind = "stream"\nstep = [\'expect-regex "a+"\']'),
    "standby_searched": service(server=f'[[real_server.standby_check]]\n{HTTP}regex = "a+"'),
    "no_role": service('role_file = "/nonexistent/role"'),
    "echo_of_a_standby": service('role_file = "auto"', check='kind = "ping"'),
    "marked": service('role_file = "auto"', server='[[real_server.standby_check]]\nkind = "tcp"\nfwmark = 7'),
}
TOGETHER = {
    "plain": service(),
    "of_http": service(check=HTTP),
    "of_dns": service(check='kind = "dns"\nname = "www.example.com"'),
    "by_vip": service('role_file = "auto"'),
    "at_most": service(f"timeout = {TIMEOUT_MOST}"),
    "echo": service(check='kind = "ping"'),
}


def no_vip(address: bytes) -> bool:
    """Say that an address is none."""
    return False


def book(desk: Desk) -> OrderBook:
    return OrderBook(str(desk.services), str(desk.state), no_vip)


@pytest.mark.parametrize("name", ALONE)
def test_what_could_keep_others_from_their_verdicts_is_left_out(desk: Desk, name: str) -> None:
    register(desk, ALONE[name], name)
    assert request_of(*read_check(str(desk.services), name, parse_address(REAL_IP), import_site_packages))
    assert book(desk).order(f"{name}/{REAL_IP}", True) is None


def test_a_file_that_is_wrong_is_left_to_who_says_so(desk: Desk) -> None:
    register(desk, "endpoint = 7")
    assert book(desk).order(f"web/{REAL_IP}", True) is None


@pytest.mark.parametrize("name", TOGETHER)
def test_all_else_is_made_together(desk: Desk, name: str) -> None:
    register(desk, TOGETHER[name], name)
    order = book(desk).order(f"{name}/{REAL_IP}", True)
    assert order is not None
    assert order.check.check_id == f"{name}/{REAL_IP}"


@pytest.mark.parametrize("check_id", ["web", "../web/10.0.0.42", "web/nobody", f"web/{VIP}", ""])
def test_what_is_no_check_is_no_order(desk: Desk, check_id: str) -> None:
    register(desk, service())
    assert book(desk).order(check_id, False) is None


def test_a_mode_that_cannot_be_read_is_left_to_who_says_so(desk: Desk) -> None:
    register(desk, service())
    (desk.state / "mode").mkdir(parents=True)
    for line, is_order in (("observe -", False), ("nonsense", False), ("standard -", True)):
        (desk.state / "mode" / "web").write_text(f"{line}\n")
        assert (book(desk).order(f"web/{REAL_IP}", True) is not None) == is_order


def test_each_kind_that_searches_is_known_to() -> None:
    kinds = [load_kind(name, import_site_packages) for name in KINDS]
    names = {kind.name: {parameter.name for parameter in kind.parameters} for kind in kinds}
    patterned = {kind.name for kind in kinds if any(each.metavar == "PATTERN" for each in kind.parameters)}
    searching = {name for name, parameters in names.items() if parameters & {"regex", "receive", "regex_dialect"}}
    assert searching - patterned == {"stream"}


@netns
def test_those_that_cannot_be_made_together_are_made_alone(desk: Desk, site: Site) -> None:
    together = [f"web{number}" for number in range(4)]
    let_die(desk, together)
    for name in ("several", "patient", "searched", "observed"):
        register(desk, ALONE[name], name)
        leave_verdict(desk, name)
    assert run_by_the_gate(desk, site, "web0") == 0
    names = [*together, "several", "patient", "searched", "observed"]
    wait_until(lambda: all(last(desk, name) for name in names), "all were checked", 15.0)
    assert {last(desk, name)[2] for name in (*together, "patient", "observed")} == {"0"}
    assert last(desk, "several")[6] == "no-answer"
    wait_for_sweep(desk)


@netns
def test_one_lost_probe_is_no_last_word(desk: Desk, site: Site) -> None:
    let_die(desk, ["web0"])
    for name, vip in (("flaky", FLAKY_VIP), ("dead", LOST_VIP)):
        register(desk, service("timeout = 0.5", endpoints=[f"{vip}:{PORT}"]), name)
        leave_verdict(desk, name)
    site.server.add_address(f"{FLAKY_VIP}/32", "lo")
    tcp_server(site.server, FLAKY_VIP, int(PORT))
    lose = f"ip daddr {FLAKY_VIP} tcp flags syn limit rate 1/day burst {SYNS_OF_A_RUN} packets counter drop"
    site.server.nft(f"table inet flaky {{ chain c {{ type filter hook input priority 0; {lose}; }}; }}")
    assert run_by_the_gate(desk, site, "web0") == 0
    wait_until(lambda: bool(last(desk, "flaky") and last(desk, "dead")), "both were checked", 15.0)
    assert f"counter packets {SYNS_OF_A_RUN} " in site.server.run(["nft", "list", "ruleset"]).stdout
    assert (last(desk, "flaky")[6], last(desk, "dead")[6]) == ("ok", "no-answer")
    wait_for_sweep(desk)


@netns
def test_dead_servers_cost_their_timeout_once(desk: Desk, site: Site) -> None:
    """More than a batch of them, of a second each: one after the other, six at once, they would take minutes."""
    names = [f"web{number}" for number in range(ORDERS_MOST + 12)]
    let_die(desk, ["alive", *names], names)
    for name in names:
        register(desk, service("timeout = 1.0", endpoints=[f"{LOST_VIP}:{PORT}"]), name)
    assert run_by_the_gate(desk, site, "alive") == 0
    began = time.monotonic()
    wait_until(lambda: all(last(desk, name) for name in names), "all were checked", 20.0)
    assert time.monotonic() - began < 15.0
    assert {last(desk, name)[6] for name in names} == {"no-answer"}
    wait_for_sweep(desk)


@netns
def test_each_is_made_in_its_role(desk: Desk, site: Site, tmp_path: Path) -> None:
    roles = {"master": "1", "backup": "0"}
    let_die(desk, ["web0", *roles])
    for name, role in roles.items():
        (tmp_path / name).write_text(role)
        register(desk, service(f'role_file = "{tmp_path / name}"'), name)
    assert run_by_the_gate(desk, site, "web0") == 0
    wait_until(lambda: all(last(desk, name) for name in roles), "both were checked", 15.0)
    found = {name: last(desk, name) for name in roles}
    assert found["master"][2:] == ["0", "raw", "1", str(tmp_path / "master"), "ok"]
    assert found["backup"][2:] == ["0", "standard", "0", str(tmp_path / "backup"), "ok"]
    wait_for_sweep(desk)


@netns
def test_who_may_send_no_raw_frames_makes_standard_checks(desk: Desk, site: Site) -> None:
    let_die(desk, ["web0", "web1", "web2"])
    for name in ("web0", "web1", "web2"):
        register(desk, service('on_cannot_judge = "standard"'), name)
    run_on(site.director, desk, "web0", become=WITHOUT_NET_RAW)
    wait_until(lambda: all(last(desk, name) for name in ("web0", "web1", "web2")), "all were checked", 15.0)
    assert {last(desk, name)[3] for name in ("web0", "web1", "web2")} == {"standard"}
    wait_for_sweep(desk)


@netns
def test_what_could_not_be_judged_is_left_to_single_checks(desk: Desk, site: Site) -> None:
    """Its own interface down: `run` makes the standard check instead, and says so."""
    let_die(desk, ["web0", "web1"])
    for name in ("web0", "web1"):
        register(desk, service('interface = "eth9"'), name)
    run_by_the_gate(desk, site, "web0")
    wait_until(lambda: bool(last(desk, "web0") and last(desk, "web1")), "both were checked", 15.0)
    assert {last(desk, name)[3] for name in ("web0", "web1")} == {"standard"}
    wait_for_sweep(desk)
