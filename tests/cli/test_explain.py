# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck explain` as a process: what it prints, saves and exits with."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import TCP
from scapy.utils import rdpcap

from lvs_rawcheck import clock
from tests.cli.commands import WITHOUT_NET_RAW, Desk, Outcome
from tests.cli.site import CLOSED_PORT, NOBODY_IP, PORT, REAL_IP, REAL_IP6, VIP, VIP6, Site
from tests.netns.services import tcp_server
from tests.netns.topology import Host, wait_until

pytestmark = pytest.mark.netns

PACKET = re.compile(r"   [ \d]\d+\.\d{6} [<>] (?:[0-9a-f]{2}:){5}[0-9a-f]{2} .+")
SILENT_PORT = "2001"
DAEMON_UID = 65533
PASSWD = f"root:x:0:0:root:/root:/bin/sh\nlvs-rawcheck:x:{DAEMON_UID}:{DAEMON_UID}::/:/usr/sbin/nologin\n"
EXPLAINS = {"conversation", "cause", "severity", "explanation", "fixes", "fix", "second_causes", "probes", "warnings"}
PROBES = ["announced", "echo", "full_echo", "others", "own_neighbour", "vip_neighbour"]


def explain(desk: Desk, host: Host | None, *arguments: str) -> Outcome:
    """Run it, with the desk's folders."""
    return desk.run(host, "lvs-rawcheck", "explain", "tcp", *desk.own_folders(), "-t", "0.6", *arguments)


def packets(outcome: Outcome) -> list[str]:
    """Return the printed lines that begin a packet."""
    return [line for line in outcome.stdout.splitlines() if PACKET.fullmatch(line)]


def flags(outcome: Outcome) -> list[str]:
    """Return the flags of each TCP segment that is printed."""
    return re.findall(r"Flags \[(\S+)\]", outcome.stdout)


def verdicts(outcome: Outcome) -> list[str]:
    """Return the printed lines that say how the server is."""
    return [line for line in outcome.stdout.splitlines() if re.match(r"\S+ via \S+ (up|down): ", line)]


@pytest.mark.parametrize(("real", "vip"), [(REAL_IP, VIP), (REAL_IP6, VIP6)], ids=["IPv4", "IPv6"])
def test_a_healthy_server(desk: Desk, site: Site, real: str, vip: str) -> None:
    outcome = explain(desk, site.director, real, vip, PORT)
    assert outcome.status == 0
    assert outcome.stderr == ""
    assert len(verdicts(outcome)) == 1
    assert " up: " in verdicts(outcome)[0]
    assert flags(outcome) == ["S", "S.", ".", "R."]
    assert "cause" not in outcome.stdout
    assert outcome.log == []


@pytest.mark.parametrize(("real", "vip"), [(REAL_IP, VIP), (REAL_IP6, VIP6)], ids=["IPv4", "IPv6"])
def test_a_failure_ends_with_its_cause_and_the_fix(desk: Desk, site: Site, real: str, vip: str) -> None:
    outcome = explain(desk, site.director, real, vip, CLOSED_PORT)
    assert outcome.status == 1
    assert outcome.stderr == ""
    lines = outcome.stdout.splitlines()
    assert [" down: refused: " in line for line in verdicts(outcome)] == [True]
    assert "cause: service-down" in lines
    assert any(line.startswith(f"fix: on {real}, by hand: start the service; ") for line in lines)
    assert outcome.log == []


@pytest.mark.parametrize("port", [PORT, CLOSED_PORT])
def test_json_is_the_checks_result_and_what_explains_it(desk: Desk, site: Site, port: str) -> None:
    outcome = explain(desk, site.director, "--json", REAL_IP, VIP, port)
    check = desk.check(site.director, "--json", REAL_IP, VIP, port)
    told = outcome.json
    assert set(told) == EXPLAINS | set(check.json)
    assert told["reason"] == check.json["reason"]
    assert outcome.status == check.status
    asked = [probe["probe"] for probe in told["probes"]]
    if port == PORT:
        assert (told["cause"], told["fix"], told["warnings"]) == ("healthy", None, [])
        assert sorted(asked) == ["again", *PROBES]
    else:
        assert told["cause"] == "service-down"
        assert f"on {REAL_IP}, by hand: start the service" in told["fix"]
        assert [set(fix) for fix in told["fixes"]] == [{"host", "instruction"}]
        assert sorted(asked) == sorted(["own_service", *PROBES])
        assert {tuple(sorted(probe)) for probe in told["probes"]} == {("answer", "detail", "probe", "question")}


@pytest.mark.parametrize("real", [REAL_IP, NOBODY_IP], ids=["answers", "nobody"])
def test_the_capture_holds_what_was_printed(desk: Desk, site: Site, tmp_path: Path, real: str) -> None:
    path = tmp_path / "x.pcap"
    outcome = explain(desk, site.director, "--pcap", str(path), real, VIP, PORT)
    saved = rdpcap(str(path))
    assert len(saved) == len(packets(outcome)) > 0
    segments = sum(TCP in packet for packet in saved)
    assert segments == len(flags(outcome))
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.pcap"]


def test_a_capture_is_saved_though_root_was_given_up(desk: Desk, site: Site, tmp_path: Path) -> None:
    desk.mount("/etc/passwd", PASSWD)
    tmp_path.chmod(0o700)
    path = tmp_path / "x.pcap"
    child = desk.start(
        site.director, "lvs-rawcheck", "explain", "tcp", "-t", "1", "--pcap", str(path), NOBODY_IP, VIP, PORT
    )
    status = Path(f"/proc/{child.pid}/status")
    wait_until(lambda: f"Uid:\t{DAEMON_UID}\t{DAEMON_UID}" in status.read_text(), "it became the daemon's user")
    outcome = desk.finish(child)
    assert "cause: host-down" in outcome.stdout
    assert outcome.stderr == ""
    assert len(rdpcap(str(path))) == len(packets(outcome))
    assert path.stat().st_uid == 0


SPOKEN_PORT = "2000"  # what is said there comes back
SPOKEN = re.compile(r"   [ \d]\d+\.\d{6} ([<>*])(?: (.*))?")
ECHO_CHECK = ("--request", r"hello\n", "--receive", "hello")


@pytest.fixture(scope="module")
def spoken(site: Site) -> Site:
    """The site, with a server that repeats what is said to it."""
    tcp_server(site.server, VIP, int(SPOKEN_PORT), "echo")
    return site


def explain_echo(desk: Desk, site: Site, *options: str) -> Outcome:
    """Explain a check that says hello, and wants that back."""
    words = ("lvs-rawcheck", "explain", "simpletcp", *desk.own_folders(), "-t", "5", *ECHO_CHECK)
    return desk.run(site.director, *words, *options, REAL_IP, VIP, SPOKEN_PORT)


def said(outcome: Outcome) -> list[str]:
    """Return the lines of the conversation, each behind its direction."""
    found = [SPOKEN.fullmatch(line) for line in outcome.stdout.splitlines() if not PACKET.fullmatch(line)]
    return [f"{line[1]} {line[2] or ''}" for line in found if line]


def test_what_was_said_is_told_without_the_packets(desk: Desk, spoken: Site) -> None:
    outcome = explain_echo(desk, spoken)
    assert (outcome.status, outcome.stderr) == (0, "")
    lines = said(outcome)
    assert lines == [f"* connected to {VIP}:{SPOKEN_PORT}", "> hello", "< hello"]
    assert " up: " in verdicts(outcome)[0]
    assert packets(outcome) == []


def test_more_words_tell_the_packets_too(desk: Desk, spoken: Site) -> None:
    once, twice = explain_echo(desk, spoken, "-v"), explain_echo(desk, spoken, "-vv")
    for outcome in (once, twice):
        assert "> hello" in said(outcome)
        assert flags(outcome)[:2] == ["S", "S."]
    assert not any(" ARP " in line for line in packets(once))
    assert any(" ARP " in line for line in packets(twice))


@pytest.mark.full
def test_a_failure_is_told_in_the_same_way_and_tried_at_the_servers_own_address(desk: Desk, spoken: Site) -> None:
    outcome = explain_echo(desk, spoken, "--receive", "goodbye", "-t", "0.5")
    assert outcome.status == 1
    lines = outcome.stdout.splitlines()
    assert "cause: service-unhealthy" in lines, outcome.stdout
    asked = f"the same check of {REAL_IP}:{SPOKEN_PORT}"
    assert [line.split()[-1] for line in lines if asked in line] == ["refused"]


def test_json_holds_the_conversation(desk: Desk, spoken: Site) -> None:
    told = explain_echo(desk, spoken, "--json").json["conversation"]
    assert [(line["direction"], line["text"]) for line in told][1:3] == [(">", "hello"), ("<", "hello")]
    times = [line["time"] for line in told]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] < 5


def test_it_is_told_while_it_goes_on(desk: Desk, site: Site) -> None:
    """The questions after the verdict wait for answers that do not come, 0.6 s: meanwhile the verdict is read."""
    child = desk.start(
        site.director, "lvs-rawcheck", "explain", "tcp", *desk.own_folders(), "-t", "0.5", NOBODY_IP, VIP, PORT
    )
    assert child.stdout is not None
    read_at = {line: clock.now() for line in child.stdout}
    assert child.wait(20.0) == 1
    lines = list(read_at)
    verdict = next(line for line in lines if " down: no-neighbour: " in line)
    probes = next(line for line in lines if line.startswith("   ARP who-has"))
    cause = next(line for line in lines if line == "cause: host-down\n")
    assert read_at[probes] - read_at[verdict] > 0.3
    assert read_at[cause] >= read_at[probes]
    print(f"verdict {read_at[cause] - read_at[verdict]:.2f} s before the cause")


@pytest.fixture
def silent_port(site: Site) -> Iterator[str]:
    """A port of the VIP for which the real server drops all."""
    chain = f"type filter hook input priority 0\n tcp dport {SILENT_PORT} drop\n"
    site.server.nft(f"table inet silence {{\n chain input {{\n {chain} }}\n}}")
    yield SILENT_PORT
    site.server.nft("delete table inet silence")


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_packets_are_told_when_they_pass(desk: Desk, site: Site, silent_port: str, kind: str) -> None:
    """Nobody answers for 1.5 s: long before the verdict one reads what was sent, and each packet as it is sent."""
    words = ("lvs-rawcheck", "explain", kind, *desk.own_folders(), "-t", "1.5")
    began = clock.now()
    child = desk.start(site.director, *words, REAL_IP, VIP, silent_port)
    assert child.stdout is not None
    read = [(clock.now() - began, line.rstrip("\n")) for line in child.stdout]
    assert child.wait(20.0) == 1
    (verdict,) = [at for at, line in read if " down: no-answer: " in line]
    sent = [at for at, line in read if "Flags [S]" in line and at <= verdict]
    print(f"{kind}: heading after {read[0][0]:.2f} s, SYNs after {[f'{at:.2f}' for at in sent]}, verdict {verdict:.2f}")
    assert len(sent) > 3
    assert verdict - read[0][0] > 1.0
    assert verdict - sent[0] > 1.0
    assert sent[-1] - sent[0] > 0.8


def test_a_reader_who_waits_does_not_hold_up_the_check(desk: Desk, site: Site) -> None:
    """The pipe is full before it begins: what the check and its probes took is what they take, and all is told then."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    words = ("explain", "tcp", "--pcap", str(desk.folder / "x.pcap"), *desk.own_folders())
    child = desk.start(site.director, "lvs-rawcheck", *words, REAL_IP, VIP, PORT, stdout=writing)
    os.close(writing)
    with open(reading, "rb") as pipe:
        wait_until(lambda: (desk.folder / "x.pcap").exists(), "all frames passed, and were saved")
        told = pipe.read().decode().lstrip("x").splitlines()
    assert child.wait(20.0) == 0
    assert any(" up: " in line for line in told)
    assert sum(bool(PACKET.fullmatch(line)) for line in told) == len(rdpcap(str(desk.folder / "x.pcap")))


def test_a_reader_who_left_changes_no_verdict(desk: Desk, site: Site) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = ("explain", "tcp", *desk.own_folders(), REAL_IP, VIP, PORT)
    child = desk.start(site.director, "lvs-rawcheck", *words, stdout=writing)
    os.close(writing)
    outcome = desk.finish(child)
    assert (outcome.status, outcome.stderr) == (0, "")


def test_what_it_hangs_in_does_not_hold_it_for_ever(desk: Desk, site: Site, tmp_path: Path) -> None:
    """The clock that ends it is let run out early."""
    child = desk.start(
        site.director,
        *("lvs-rawcheck", "explain", "tcp", "-t", "20", "--pcap", str(tmp_path / "x.pcap"), NOBODY_IP, VIP, PORT),
    )
    wait_until(lambda: len(list(tmp_path.iterdir())) == 1, "the capture was begun")
    child.send_signal(signal.SIGALRM)
    outcome = desk.finish(child)
    assert outcome.status == 1
    assert verdicts(outcome) == []
    assert outcome.stderr == "lvs-rawcheck: ended: no explanation after 35.7 s, whatever it hangs in\n"
    wait_until(lambda: list(tmp_path.iterdir()) == [], "the capture was given up")


def test_what_a_check_would_do_instead_is_said(desk: Desk, site: Site) -> None:
    desk.become = WITHOUT_NET_RAW
    outcome = explain(desk, site.director, "--on-cannot-judge", "standard", REAL_IP, VIP, PORT)
    assert outcome.status == 1
    assert "cause: cannot-judge" in outcome.stdout.splitlines()
    assert "--on-cannot-judge" in outcome.stdout


@pytest.mark.full
def test_a_clean_close_is_told(desk: Desk, site: Site) -> None:
    outcome = explain(desk, site.director, "--clean-close", REAL_IP, VIP, PORT)
    assert outcome.status == 0
    assert flags(outcome).count("F.") == 2
    assert "R." not in flags(outcome)


def test_a_run_that_is_ended_leaves_no_file(desk: Desk, site: Site, tmp_path: Path) -> None:
    child = desk.start(
        site.director,
        *("lvs-rawcheck", "explain", "tcp", "-t", "20", "--pcap", str(tmp_path / "x.pcap"), NOBODY_IP, VIP, PORT),
    )
    wait_until(lambda: len(list(tmp_path.iterdir())) == 1, "the capture was begun")
    child.send_signal(signal.SIGTERM)
    assert desk.finish(child).status == 1
    wait_until(lambda: list(tmp_path.iterdir()) == [], "the capture was given up")


def test_a_capture_that_cannot_be_made_is_said_before_anything_is_sent(desk: Desk, site: Site) -> None:
    outcome = explain(desk, site.director, "--pcap", "/nowhere/x.pcap", REAL_IP, VIP, PORT)
    assert outcome.status == 1
    assert outcome.stdout == ""
    assert outcome.stderr == ("lvs-rawcheck: cannot-judge: cannot write '/nowhere/x.pcap': No such file or directory\n")


def test_without_permission_the_fault_is_ours(desk: Desk, site: Site) -> None:
    desk.become = WITHOUT_NET_RAW
    outcome = explain(desk, site.director, REAL_IP, VIP, PORT)
    assert outcome.status == 1
    assert "cause: cannot-judge" in outcome.stdout.splitlines()
    assert "CAP_NET_RAW" in outcome.stdout
    assert outcome.stderr.startswith("lvs-rawcheck: cannot-judge: ")
    assert len(outcome.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "wanted: a kind of check"),
        (["gopher"], "no such kind of check: 'gopher'"),
        (["tcp", REAL_IP], "wanted: REAL_SERVER"),
        (["tcp", REAL_IP, "10.0.0.100,10.0.0.101", PORT], "one VIP at a time"),
        (["tcp", "fe80::1%eth0", VIP6, PORT], "not an IPv4 or IPv6 address"),
        (["tcp", REAL_IP, VIP6, PORT], "not of the real server's family"),
        (["tcp", REAL_IP, VIP, "0"], "not a port"),
        (["tcp", "--pcap", "", REAL_IP, VIP, PORT], "cannot write ''"),
        (["tcp", "--nonsense", REAL_IP, VIP, PORT], "unknown option --nonsense"),
    ],
)
def test_bad_input_is_one_sentence(desk: Desk, arguments: list[str], sentence: str) -> None:
    outcome = desk.run(None, "lvs-rawcheck", "explain", *arguments)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert len(outcome.stderr.splitlines()) == 1
    assert sentence in outcome.stderr


def test_bad_input_has_a_json_object_too(desk: Desk) -> None:
    outcome = desk.run(None, "lvs-rawcheck", "explain", "tcp", "--json", REAL_IP, VIP, "0")
    assert outcome.status == 1
    assert (outcome.json["reason"], outcome.json["cause"]) == ("cannot-judge", "cannot-judge")
    assert set(EXPLAINS) <= set(outcome.json)


@pytest.mark.parametrize("arguments", [["--help"], ["-?"], ["tcp", "-h"]])
def test_help(desk: Desk, arguments: list[str]) -> None:
    outcome = desk.run(None, "lvs-rawcheck", "explain", *arguments)
    assert outcome.status == 0
    assert "--pcap FILE" in outcome.stdout
