# SPDX-License-Identifier: GPL-2.0-or-later
"""From role to path: raw on the active director, standard on a backup, and what happens when we cannot judge."""

from __future__ import annotations

import gc
from pathlib import Path as FilePath

import pytest

from lvs_rawcheck.checks.base import RAW, STANDARD, Reason, Result
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.link.packet import Frame
from tests.checks.site import (
    CLOSED_PORT,
    PORT,
    SHORT,
    Family,
    active,
    both_families,
    healthy,
    packed,
    request,
    run,
    server_without_service,
    standby,
)
from tests.netns.roles import host_prefix
from tests.netns.services import Captured, capture, tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns


def summary(result: Result) -> tuple[str, str | None, str | None]:
    return result.verdict.reason, result.path, result.role


@pytest.fixture
def director(network: Network) -> Host:
    return active(network)


@pytest.fixture
def own_service_only(network: Network) -> Host:
    """A real server that lost its VIPs: the service answers at its own addresses, as the old check sees it."""
    real = server_without_service(network)
    for address in ("10.0.0.42", "2001:db8::42"):
        tcp_server(real, address, PORT)
    for vip in ("10.0.0.100", "2001:db8::100"):
        real.remove_address(host_prefix(vip), "lo")
    return real


@pytest.mark.usefixtures("own_service_only")
class TestRole:
    @both_families
    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            ("1", (Reason.NO_ANSWER, RAW, "master")),
            ("1 whatever\n", (Reason.NO_ANSWER, RAW, "master")),
            ("0", (Reason.OK, STANDARD, "backup")),
            (" 1", (Reason.OK, STANDARD, "backup")),
            ("", (Reason.OK, STANDARD, "backup")),
            (None, (Reason.OK, STANDARD, "backup")),
        ],
    )
    def test_by_file(
        self, director: Host, family: Family, tmp_path: FilePath, content: str | None, expected: tuple[str, str, str]
    ) -> None:
        role_file = tmp_path / "VI_1"
        if content is not None:
            role_file.write_text(content)
        wanted = request(family.real, family.vip, role_file=str(role_file))
        wanted.timeout = SHORT if expected[1] == RAW else wanted.timeout
        result = run(director, wanted)
        assert summary(result) == expected
        assert bool(result.notes) == (not content), "a file that says nothing is worth a line"

    @both_families
    def test_a_backup_may_be_told_to_check_raw(self, director: Host, family: Family, tmp_path: FilePath) -> None:
        (tmp_path / "VI_1").write_text("0")
        wanted = request(family.real, family.vip, role_file=str(tmp_path / "VI_1"), standby="raw", timeout=SHORT)
        assert summary(run(director, wanted)) == (Reason.NO_ANSWER, RAW, "backup")

    @both_families
    def test_by_the_vip_being_here(self, director: Host, network: Network, family: Family) -> None:
        wanted = request(family.real, family.vip, role_file="auto", timeout=SHORT)
        assert summary(run(director, wanted)) == (Reason.NO_ANSWER, RAW, "master")
        waiting = standby(network)
        patient = request(family.real, family.vip, role_file="auto")
        assert summary(run(waiting, patient)) == (Reason.OK, STANDARD, "backup")
        waiting.add_address(host_prefix(family.vip), "lo")
        assert summary(run(waiting, wanted)) == (Reason.NO_ANSWER, RAW, None), "on lo it says nothing"

    @both_families
    def test_each_vip_has_a_role_of_its_own(self, director: Host, own_service_only: Host, family: Family) -> None:
        own_service_only.add_address(host_prefix(family.vip), "lo")
        wanted = request(family.real, family.vip, family.other_vip, role_file="auto")
        result = run(director, wanted)
        assert [summary(each) for each in result.vips] == [
            (Reason.REFUSED, RAW, "master"),
            (Reason.OK, STANDARD, "backup"),
        ]


# When we cannot judge ----------------------------------------------------------------------------------


@both_families
@pytest.mark.usefixtures("own_service_only")
def test_the_standard_check_instead(director: Host, family: Family) -> None:
    wanted = request(family.real, family.vip, interface="eth9", on_cannot_judge="standard")
    result = run(director, wanted)
    assert summary(result) == (Reason.OK, STANDARD, None)
    assert result.degraded
    assert result.notes == ["raw check not possible, standard check instead: no interface eth9"]
    wanted.endpoints[0].port = CLOSED_PORT
    refused = run(director, wanted)
    assert summary(refused) == (Reason.REFUSED, STANDARD, None)


@both_families
def test_a_usage_error_is_never_judged_otherwise(director: Host, family: Family) -> None:
    wanted = request(family.real, family.vip, source=packed(family.vip), on_cannot_judge="standard")
    assert summary(run(director, wanted)) == (Reason.CANNOT_JUDGE, None, None)


@both_families
@pytest.mark.usefixtures("own_service_only")
def test_the_standard_check_is_made_once_for_all_vips_of_a_port(director: Host, family: Family) -> None:
    wanted = request(family.real, family.vip, family.other_vip, interface="eth9", on_cannot_judge="standard")

    def is_syn(frame: Captured) -> bool:
        offset = 14 + (20 if frame.octets[12:14] == b"\x08\x00" else 40)
        protocol = frame.octets[23] if offset == 34 else frame.octets[20]
        return frame.outgoing and protocol == 6 and frame.octets[offset + 13] == 0x02

    with capture(director) as seen:
        result = run(director, wanted)
        assert len([frame for frame in seen.frames() if is_syn(frame)]) == 1
    assert [each.verdict.reason for each in result.vips] == ["ok", "ok"]


@both_families
@pytest.mark.parametrize("policy", ["down", "standard"])
def test_the_interface_goes_down_meanwhile(network: Network, director: Host, family: Family, policy: str) -> None:
    healthy(network)
    hooks = Hooks(sockets_open=lambda: _take_down(director))
    result = run(director, request(family.real, family.vip, timeout=SHORT, on_cannot_judge=policy), hooks)
    assert not result.healthy
    assert result.degraded is (policy == "standard")
    if policy == "down":
        assert result.verdict.reason == Reason.CANNOT_JUDGE
        assert result.verdict.detail == "interface eth0 is down"


def _take_down(host: Host) -> None:
    host.ip("link", "set", "eth0", "down")


class BreaksAfterTheFirstAnswer:
    """A link that fails once it has delivered a frame."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._delivered = False
        self.own_mac = link.own_mac
        self.fileno = link.fileno
        self.send = link.send
        self.close = link.close

    def receive(self) -> Frame | None:
        frame = self._link.receive()
        if frame is None and self._delivered:
            raise LinkError("the link broke")
        self._delivered = self._delivered or (frame is not None and frame.octets[9:10] == b"\x06")
        return frame


@pytest.mark.parametrize("policy", ["down", "standard"])
def test_what_was_judged_before_stays_judged(network: Network, director: Host, policy: str) -> None:
    healthy(network)

    def wrap(link: Link, path: Path) -> Link:
        return BreaksAfterTheFirstAnswer(link)

    wanted = request("10.0.0.42", "10.0.0.100", "10.0.0.101", on_cannot_judge=policy)
    result = run(director, wanted, Hooks(wrap_link=wrap))
    first, second = result.vips
    assert summary(first) == (Reason.OK, RAW, None)
    assert not first.degraded
    if policy == "down":
        assert summary(second) == (Reason.CANNOT_JUDGE, None, None)
    else:
        assert summary(second) == (Reason.REFUSED, STANDARD, None), "nothing listens at its own address"
        assert second.degraded


# The standard check's own verdicts ---------------------------------------------------------------------


@both_families
def test_standard_reasons(network: Network, director: Host, family: Family, tmp_path: FilePath) -> None:
    real = server_without_service(network)
    tcp_server(real, family.real, PORT)
    real.nft("table inet t { chain c { type filter hook input priority 0; tcp dport 82 drop; }; }")

    def reason(address: str, port: int, timeout: float) -> str:
        wanted = request(address, family.vip, port=port, role_file=str(tmp_path / "none"), timeout=timeout)
        result = run(director, wanted)
        assert result.path == STANDARD
        assert result.elapsed_ms < 1000 * timeout + 300
        return result.verdict.reason

    assert reason(family.real, PORT, 5.0) == Reason.OK
    assert reason(family.real, CLOSED_PORT, 5.0) == Reason.REFUSED
    assert reason(family.real, 82, SHORT) == Reason.NO_ANSWER
    assert reason(family.nobody, PORT, 5.0) == Reason.NO_NEIGHBOUR
    assert reason(family.elsewhere, PORT, 5.0) == Reason.NOT_ON_LINK


# What a check leaves behind ----------------------------------------------------------------------------


@both_families
def test_checks_leave_no_cycles_and_no_descriptors(network: Network, director: Host, family: Family) -> None:
    healthy(network)
    fates = [
        request(family.real, family.vip),
        request(family.real, family.vip, family.vip, clean_close=True),
        request(family.real, family.vip, port=CLOSED_PORT),
        request(family.real, family.vip, interface="eth9"),
        request(family.elsewhere, family.vip),
        request(family.real, family.vip, source=packed(family.standby)),
    ]
    for wanted in fates:
        run(director, wanted)
    gc.collect()
    descriptors = len(list(FilePath("/proc/self/fd").iterdir()))
    with director.entered():
        from lvs_rawcheck.checks.runner import run_request

        gc.disable()
        try:
            for _ in range(17):
                for wanted in fates:
                    run_request(wanted)
            assert gc.collect() == 0
        finally:
            gc.enable()
    assert len(list(FilePath("/proc/self/fd").iterdir())) == descriptors
