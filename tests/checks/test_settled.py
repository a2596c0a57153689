# SPDX-License-Identifier: GPL-2.0-or-later
"""A verdict that stands while a goodbye is on its way: neither silence nor a reset changes it, on either path."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.checks.base import Conversation, Reason, Verdict
from lvs_rawcheck.wire.tcp import ACK, RST, SYN
from tests.checks.scene import REAL_MAC, Scene
from tests.checks.site import PORT, V4, active, request, run
from tests.netns.roles import real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Network

DEADLINE = 0.5  # seconds


class SaysGoodbye(Conversation):
    """Knows its verdict as soon as it is connected, and waits for the server to close."""

    kind = "goodbye"

    def __init__(self) -> None:
        self._verdict: Verdict | None = None

    def connected(self) -> Verdict | None:
        self._verdict = Verdict(Reason.OK, "all was said")
        return None

    def data_received(self, octets: bytes) -> Verdict | None:
        return None

    def peer_closed(self) -> Verdict | None:
        return self._verdict

    def settled(self) -> Verdict | None:
        return self._verdict


def test_the_deadline_and_a_reset_do_not_change_it() -> None:
    for reset in (False, True):
        scene = Scene(DEADLINE, conversation=SaysGoodbye())
        scene.steer()
        scene.receive(SYN | ACK)
        assert scene.reason is None
        if reset:
            scene.receive(RST | ACK, seq=1)
        else:
            scene.expire()
        assert scene.reason == Reason.OK
        assert scene.flow.finished


def test_nor_does_an_icmp_error_about_the_goodbye() -> None:
    class SaysIt(SaysGoodbye):
        def octets_to_send(self) -> bytes:
            return b"QUIT" if self._verdict is not None else b""

    scene = Scene(DEADLINE, conversation=SaysIt())
    scene.steer()
    scene.receive(SYN | ACK)
    assert scene.flow.connection is not None
    goodbye = int(scene.flow.connection.snd_una)
    scene.flow.packets_to_send(0.1)
    scene.flow.receive_icmp_error("ICMP 3/13", goodbye, REAL_MAC)
    assert scene.reason == Reason.OK


@pytest.mark.netns
def test_nor_does_the_deadline_of_the_standard_path(network: Network, tmp_path: Path) -> None:
    host = active(network)
    real = real_server(network, "real", [V4.on_link(V4.real)], [])
    tcp_server(real, V4.real, PORT, "hold")
    role_file = tmp_path / "VI_1"
    role_file.write_text("0")
    wanted = request(V4.real, V4.vip, timeout=DEADLINE, conversation=SaysGoodbye, role_file=str(role_file))
    result = run(host, wanted)
    assert (result.verdict.reason, result.path) == (Reason.OK, "standard")


@pytest.mark.parametrize("role", ["1", "0"])
@pytest.mark.netns
def test_a_goodbye_that_nobody_answers_leaves_time_for_the_next_step(
    network: Network, tmp_path: Path, role: str
) -> None:
    (tmp_path / "VI_1").write_text(role)
    director = active(network)
    server = real_server(network, "real", [V4.on_link(V4.real)], [V4.vip])
    for address in (V4.vip, V4.real):
        tcp_server(server, address, PORT, "hold")
    wanted = request(V4.real, V4.vip, role_file=str(tmp_path / "VI_1"), timeout=5.0)
    wanted.steps = (SaysGoodbye, SaysGoodbye)
    result = run(director, wanted)
    assert (result.verdict.reason, result.verdict.detail) == (Reason.OK, "all was said")
    assert result.elapsed_ms < 2500


@pytest.mark.netns
def test_no_answer_to_a_later_step_is_no_missing_vip(network: Network) -> None:
    class ThenDropsAll(SaysGoodbye):
        def connected(self) -> Verdict | None:
            server.nft("table inet t { chain c { type filter hook input priority 0; tcp flags syn drop; }; }")
            return super().connected()

    director = active(network)
    server = real_server(network, "real", [V4.on_link(V4.real)], [V4.vip])
    tcp_server(server, V4.vip, PORT, "hold")
    wanted = request(V4.real, V4.vip, timeout=1.5)
    wanted.steps = (ThenDropsAll, SaysGoodbye)
    result = run(director, wanted)
    assert (result.verdict.reason, result.verdict.detail) == (
        Reason.TIMEOUT,
        "check 2 of 2: no answer in what was left of the time, after answers before",
    )
