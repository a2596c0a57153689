# SPDX-License-Identifier: GPL-2.0-or-later
"""A check of several steps: each on a connection of its own, in order, and all must pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as FilePath

import pytest

from lvs_rawcheck.checks.base import RAW, STANDARD, Conversation, Reason, Result, Verdict
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.interface import Link
from tests.checks.datagram.site import Step, step_of, udp_server
from tests.checks.site import PORT, V4, V6, Family, active, both_families, request, run, server_without_service
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns


class Say(Conversation):
    """Sends a word to an echo server, and is content with hearing it again, or with anything else, as told."""

    def __init__(self, word: bytes, content: bool = True) -> None:
        self._word = word
        self._content = content
        self._unsent = b""

    def connected(self) -> Verdict | None:
        self._unsent = self._word
        return None

    def octets_to_send(self) -> bytes:
        unsent, self._unsent = self._unsent, b""
        return unsent

    def data_received(self, octets: bytes) -> Verdict | None:
        return Verdict(Reason.OK if self._content else Reason.RESPONSE, octets.decode())

    def peer_closed(self) -> Verdict | None:
        return Verdict(Reason.CLOSED, "closed early")

    def phases_reached(self) -> tuple[str, ...]:
        return ("first_octet",)

    def facts(self) -> dict[str, object]:
        return {"word": self._word.decode()}


def steps_of(*steps: Step, family: Family = V4, **options: object) -> Request:
    wanted = request(family.real, family.vip, **options)  # type: ignore[arg-type]
    wanted.steps = steps
    return wanted


@pytest.fixture
def director(network: Network) -> Host:
    return active(network)


@pytest.fixture
def echo(network: Network) -> Host:
    """A real server that says everything again, at VIP and own address."""
    host = server_without_service(network)
    for family in (V4, V6):
        for address in (family.vip, family.real):
            tcp_server(host, address, PORT, "echo")
    return host


@pytest.fixture(params=[RAW, STANDARD])
def role_file(request: pytest.FixtureRequest, tmp_path: FilePath) -> str:
    """The role file that chooses the path."""
    path = tmp_path / "VI_1"
    path.write_text("1" if request.param == RAW else "0")
    return str(path)


def told(result: Result) -> tuple[str, str]:
    return result.verdict.reason, result.verdict.detail


@both_families
@pytest.mark.usefixtures("echo")
def test_all_must_pass(director: Host, family: Family, role_file: str) -> None:
    made: list[bytes] = []

    def step(word: bytes) -> Callable[[], Conversation]:
        def make() -> Conversation:
            made.append(word)
            return Say(word)

        return make

    result = run(director, steps_of(*map(step, (b"one", b"two", b"three")), family=family, role_file=role_file))
    assert told(result) == (Reason.OK, "three")
    assert made == [b"one", b"two", b"three"]
    assert result.to_dict()["word"] == "three"
    assert {"connect", "first_octet"} <= set(result.phases_ms)


@pytest.mark.usefixtures("echo")
def test_the_first_that_fails_ends_it(director: Host, role_file: str) -> None:
    class Never(Say):
        def connected(self) -> Verdict | None:
            raise AssertionError("the third step was begun")

    def third() -> Conversation:
        return Never(b"three")

    steps = steps_of(lambda: Say(b"one"), lambda: Say(b"two", content=False), third, role_file=role_file)
    result = run(director, steps)
    assert told(result) == (Reason.RESPONSE, "check 2 of 3: two")
    assert result.to_dict()["word"] == "two"


@pytest.mark.usefixtures("echo")
def test_a_step_that_passed_does_not_stand_for_one_that_cannot_begin(director: Host, role_file: str) -> None:
    def broken() -> Conversation:
        raise KeyError("a fault of ours")

    result = run(director, steps_of(lambda: Say(b"one"), broken, role_file=role_file))
    assert result.verdict.reason == Reason.CANNOT_JUDGE
    assert "internal error" in result.verdict.detail


class FailsLater:
    """A link that fails at the second SYN."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.own_mac = link.own_mac
        self.fileno, self.receive, self.close = link.fileno, link.receive, link.close
        self._sent = 0

    def send(self, octets: bytes, destination_mac: bytes, ethertype: int) -> None:
        self._sent += octets[33:34] == b"\x02"  # SYN alone, in an IPv4 packet without options
        if self._sent == 2:
            raise LinkError("the link failed")
        self._link.send(octets, destination_mac, ethertype)


@pytest.mark.usefixtures("echo")
def test_a_link_lost_between_two_steps_leaves_no_verdict(director: Host) -> None:
    def wrap(link: Link, path: Path) -> Link:
        return FailsLater(link)

    result = run(director, steps_of(lambda: Say(b"one"), lambda: Say(b"two")), Hooks(wrap_link=wrap))
    assert told(result) == (Reason.CANNOT_JUDGE, "the link failed")


def test_silence_that_passes_leaves_time_for_the_next(director: Host, echo: Host, role_file: str) -> None:
    """A datagram that need not be answered is waited for as long as it may be."""
    for address in (V4.vip, V4.real):
        udp_server(echo, address, PORT, "silent")
    steps = steps_of(step_of("udp"), lambda: Say(b"two"), role_file=role_file, timeout=1.0)
    assert told(run(director, steps)) == (Reason.OK, "two")


@pytest.mark.usefixtures("echo")
def test_one_deadline_for_all(director: Host, role_file: str) -> None:
    class Waits(Say):
        def data_received(self, octets: bytes) -> Verdict | None:
            return None

        def awaiting(self) -> str:
            return "the second word"

    result = run(director, steps_of(lambda: Say(b"one"), lambda: Waits(b"two"), role_file=role_file, timeout=0.6))
    assert told(result) == (
        Reason.TIMEOUT,
        "check 2 of 2: connected, then the second word did not come until the deadline",
    )
    assert 500 < result.elapsed_ms < 1500
