# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck shadow` on a director, beside a table of the test's own."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lvs_rawcheck.cli import shadow
from lvs_rawcheck.daemon.shadow import marks
from lvs_rawcheck.director.ipvs import IpvsTable, parse_table
from lvs_rawcheck.errors import LinkError
from tests.checks.site import PORT, V4, active, healthy, packed, server_without_service
from tests.daemon.desk import Desk
from tests.netns.topology import Host, Network

netns = pytest.mark.netns
HEADING = b"IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress\n"
SECONDS = "1.2"  # one look on the way, and the last one


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def table(*real_servers: str, weight: int = 1, vip: str = V4.vip) -> IpvsTable:
    """Return a table with one virtual server."""
    port = f"{PORT:04X}"
    rows = "".join(f"  -> {packed(each).hex().upper()}:{port} Route {weight} 0 0\n" for each in real_servers)
    return parse_table(HEADING + f"TCP  {packed(vip).hex().upper()}:{port} rr\n{rows}".encode())


def rehearsed(desk: Desk, host: Host, *tables: IpvsTable | LinkError, words: tuple[str, ...] = ()) -> int:
    """Run it on a host; tables: what is read, one after the other, the last again and again."""

    def reads() -> Iterator[IpvsTable | LinkError]:
        yield from tables
        while True:
            yield tables[-1]

    reading = reads()

    def read() -> IpvsTable:
        found = next(reading)
        if isinstance(found, LinkError):
            raise found
        return found

    with host.entered():
        folders = ("--services", str(desk.services), "--state", str(desk.state))
        return shadow.run([*folders, "--for", SECONDS, *words], read)


def report(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@netns
def test_nothing_differs_and_nothing_is_written(
    network: Network, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    director = active(network)
    healthy(network)
    server_without_service(network, "other_real")
    desk.write("web", V4, V4.real, V4.other_real)
    assert rehearsed(desk, director, table(V4.real)) == shadow.NO_DIFFERENCE
    assert "2 of 2 checks were compared, 0 differed" in capsys.readouterr().out
    assert list(desk.state.iterdir()) == []


@netns
def test_both_ways_to_differ(network: Network, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    director = active(network)
    healthy(network)
    server_without_service(network, "other_real")
    desk.write("web", V4, V4.real, V4.other_real)
    assert rehearsed(desk, director, table(V4.other_real), words=("--json",)) == shadow.DIFFERENCES
    told = {each["id"]: each for each in report(capsys)["differences"]}
    ours, other = told[f"web/{V4.real}"], told[f"web/{V4.other_real}"]
    assert (ours["healthy"], ours["in_table"], ours["now"]) == (True, False, True)
    assert (other["healthy"], other["reason"], other["in_table"]) == (False, "refused", True)


@netns
def test_a_difference_is_told_as_it_comes_and_goes(
    network: Network, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    without, having = table(V4.real, weight=0), table(V4.real)
    assert rehearsed(desk, director, without, without, having) == shadow.DIFFERENCES
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"web/{V4.real}: the raw check says up, and the server gets none"
    assert lines[1] == f"web/{V4.real}: agrees again, gets traffic"
    assert any(line.split()[-1:] == ["agrees"] for line in lines)


@netns
def test_what_cannot_be_compared_is_no_agreement(
    network: Network, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    assert rehearsed(desk, director, table(V4.real, vip="192.0.2.250"), words=("--json",)) == shadow.COULD_NOT
    assert report(capsys)["not_compared"] == {"its virtual server is not in the table": 1}


@netns
def test_the_standard_path_is_no_raw_verdict(network: Network, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    director = active(network)
    healthy(network)
    desk.role_file.write_text("0\n")
    desk.write("web", V4, V4.real, role_file=f'"{desk.role_file}"')
    assert rehearsed(desk, director, table(), words=("--json",)) == shadow.COULD_NOT
    assert report(capsys)["not_compared"] == {"not checked raw here": 1}


@netns
def test_a_file_that_cannot_be_read_is_told(network: Network, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    (desk.services / "broken.toml").write_text("nonsense")
    assert rehearsed(desk, director, table(V4.real), words=("--json",)) == shadow.COULD_NOT
    (fault,) = report(capsys)["faults"]
    assert "broken.toml" in fault


@netns
def test_a_host_without_a_table(network: Network, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    director = active(network)
    desk.write("web", V4, V4.real)
    assert rehearsed(desk, director, LinkError("no table")) == shadow.COULD_NOT
    assert "no table" in capsys.readouterr().err


@netns
def test_who_interrupts_it_is_told_what_was_found(
    network: Network, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    asked = []

    def read() -> IpvsTable:
        asked.append(1)
        if len(asked) == 2:
            signal.raise_signal(signal.SIGINT)
        return table(V4.real)

    handler = signal.getsignal(signal.SIGINT)
    with director.entered():
        words = ["--services", str(desk.services), "--state", str(desk.state), "--for", "3600"]
        assert shadow.run(words, read) == shadow.NO_DIFFERENCE
    assert "1 of 1 checks were compared" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is handler


@netns
def test_an_empty_registry(network: Network, desk: Desk) -> None:
    assert rehearsed(desk, active(network), table()) == shadow.COULD_NOT


@pytest.mark.parametrize(
    "words", [["here"], ["--for", "0"], ["--for", "nan"], ["--for", "1e9"], ["--for", "x"], ["-x"]]
)
def test_bad_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert shadow.run(words) == shadow.COULD_NOT
    assert capsys.readouterr().err.startswith("lvs-rawcheck: ")


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert shadow.run(["--help"]) == 0
    assert "--for SECONDS" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "mark"), [("fwm-7", (7,)), ("fwm-7-2", (7,)), ("fwm-", ()), ("tcp-10.0.0.1-80", ()), ("my-fwm-7", ())]
)
def test_marks(name: str, mark: tuple[int, ...]) -> None:
    assert marks(name) == mark
