# SPDX-License-Identifier: GPL-2.0-or-later
"""The report as it is read at three in the morning: verdict first, commands whole, nothing wider than a terminal."""

from __future__ import annotations

from lvs_rawcheck.checks.base import RAW, Endpoint, Reason, Result, Verdict
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.diagnosis import diagnose_known
from lvs_rawcheck.diagnose.explanation import Explanation
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.diagnose.probe import ECHO, OWN_SERVICE, Probe
from lvs_rawcheck.diagnose.recording import RecordedFrame, Recording
from lvs_rawcheck.diagnose.report import COLUMNS, report_lines
from lvs_rawcheck.diagnose.scene import Scene
from lvs_rawcheck.diagnose.transcript import HEARD, NOTE, SAID, Line
from lvs_rawcheck.link.rtnetlink import Interface
from lvs_rawcheck.link.tracer import RECEIVED, SENT
from lvs_rawcheck.wire.address import parse_address

OWN_MAC, REAL_MAC = bytes.fromhex("020000000100"), bytes.fromhex("020000000200")
DIRECTOR_IP, REAL_IP, VIP = (parse_address(text) for text in ("10.0.0.21", "10.0.0.42", "10.0.0.100"))
CONVERSATION = [
    Line(100.5, NOTE, "connected to 10.0.0.100:80"),
    Line(100.625, SAID, "GET / HTTP/1.1"),
    Line(100.75, HEARD, "x" * 150),
    Line(100.75, HEARD, ""),
]
LONG_WORDS = "word " * 40


def told(reason: str, cause: str, probes: list[Probe], warnings: list[str], kind: str = "tcp") -> Explanation:
    """Return an explanation with a frame each way, and one frame of a probe."""
    result = Result(kind, REAL_IP, Endpoint(VIP, 80), Verdict(reason, LONG_WORDS.strip()))
    result.path = RAW
    recording = Recording()
    recording.frames = [
        RecordedFrame(SENT, REAL_MAC + OWN_MAC + b"\x08\x00one", 100.0),
        RecordedFrame(RECEIVED, OWN_MAC + REAL_MAC + b"\x08\x00two", 100.25),
        RecordedFrame(SENT, REAL_MAC + OWN_MAC + b"\x08\x00three", 101.5),
    ]
    interface = Interface(2, "eth0", OWN_MAC, 1500, 0x43, 1, None)
    return Explanation(
        result,
        CONVERSATION,
        recording,
        probes,
        2,
        Path(interface, DIRECTOR_IP, 2),
        Observations(Place.WIRE, reason),
        diagnose_known(cause, Scene(REAL_IP, VIP, 80)),
        warnings,
    )


def describe(octets: bytes) -> str:
    return octets[14:].decode()


FAILED = told(
    Reason.REFUSED,
    signatures.BOUND_TO_REAL_ADDRESS,
    [Probe(ECHO, "an echo", Answer.REPLY), Probe(OWN_SERVICE, "a connection", Answer.UNREACHABLE, LONG_WORDS)],
    ["first warning", f"second warning {LONG_WORDS}"],
)


def test_the_verdict_is_the_first_line_and_whole() -> None:
    assert report_lines(FAILED, describe)[0] == str(FAILED.result)


def test_packets_probes_cause_and_fix_follow_in_this_order() -> None:
    lines = report_lines(FAILED, describe)
    places = [
        next(number for number, line in enumerate(lines) if line.startswith(words))
        for words in ("packets", "probes", "cause: bound-to-real-address", "fix: on 10.0.0.42", "warning: first")
    ]
    assert places == sorted(places)


def test_each_packet_has_its_time_direction_and_the_other_stations_mac() -> None:
    lines = report_lines(FAILED, describe)
    first = lines.index("    0.000000 > 02:00:00:00:02:00 one")
    assert lines[first : first + 4] == [
        "    0.000000 > 02:00:00:00:02:00 one",
        "    0.250000 < 02:00:00:00:02:00 two",
        "   the probes:",
        "    1.500000 > 02:00:00:00:02:00 three",
    ]
    assert "10.0.0.21" in lines[first - 2]
    assert "02:00:00:00:01:00" in lines[first - 2]


def test_all_but_verdict_and_commands_fits_a_terminal() -> None:
    missing = told(Reason.NO_ANSWER, signatures.VIP_MISSING_OR_FILTERED, [], [])
    commands = [str(fix) for fix in missing.diagnosis.fixes if fix.command]
    assert len(commands) == 3
    for each in (FAILED, missing):
        lines = report_lines(each, lambda octets: LONG_WORDS)
        whole = [line for line in lines if line[5:] in commands]
        assert len(whole) == (3 if each is missing else 0)
        assert [line for line in lines[1:] if line not in whole and len(line) > COLUMNS] == []
        assert any(len(line) > COLUMNS - 5 for line in lines[1:])


def test_what_strangers_sent_does_not_speak_to_the_terminal() -> None:
    text = "\n".join(report_lines(FAILED, lambda octets: "red \x1b[31m, bell \a"))
    assert "red ?[31m, bell ?" in text
    assert "\x1b" not in text


def test_a_healthy_server_has_no_cause() -> None:
    text = "\n".join(report_lines(told(Reason.OK, signatures.HEALTHY, [], []), describe))
    assert "cause" not in text
    assert "fix" not in text
    assert "warning" not in text


def test_a_leak_is_a_warning_told_once() -> None:
    leak = told(Reason.OK, signatures.ARP_LEAK, [], ["arp-leak: the same again"])
    lines = report_lines(leak, describe)
    assert [line for line in lines if "arp-leak" in line] == ["warning: arp-leak"]
    assert any(line.startswith("fix: on 10.0.0.42: sysctl -w") for line in lines)


def test_where_nothing_was_sent_no_packets_are_told() -> None:
    nothing = told(Reason.NOT_ON_LINK, signatures.NOT_ON_LINK, [], [])
    nothing.path = None
    nothing.recording.frames = []
    assert not any(line.startswith("packets") for line in report_lines(nothing, describe))


SPOKEN = told(Reason.STATUS, signatures.SERVICE_UNHEALTHY, [], [], kind="http")


def test_what_was_said_comes_before_the_packets_at_times_that_compare() -> None:
    lines = report_lines(SPOKEN, describe)
    first = lines.index("    0.500000 * connected to 10.0.0.100:80")
    assert lines[first + 1] == "    0.625000 > GET / HTTP/1.1"
    assert first < lines.index("    0.250000 < 02:00:00:00:02:00 two")


def test_a_long_line_is_broken_and_an_empty_one_is_told() -> None:
    lines = report_lines(SPOKEN, None)
    first = next(number for number, line in enumerate(lines) if "< xxx" in line)
    assert [line.count("x") for line in lines[first : first + 2]] == [COLUMNS - 15, 150 - (COLUMNS - 15)]
    assert lines[first + 2] == "    0.750000 <"
    assert all(len(line) <= COLUMNS for line in lines[1 : first + 3])


def test_packets_are_told_on_demand() -> None:
    assert not any(line.startswith("packets") for line in report_lines(SPOKEN, None))


def test_of_tcp_the_packets_are_the_conversation() -> None:
    lines = report_lines(FAILED, describe)
    assert not any(line.startswith("conversation") for line in lines)
    assert any(line.startswith("packets") for line in lines)


def test_packets_without_words_are_passed_over() -> None:
    lines = report_lines(SPOKEN, lambda octets: "" if octets.endswith(b"one") else describe(octets))
    assert not any(line.endswith(" one") for line in lines)
    assert any(line.endswith(" two") for line in lines)
    only_first = report_lines(SPOKEN, lambda octets: "one" if octets.endswith(b"one") else "")
    assert "   the probes:" not in only_first
