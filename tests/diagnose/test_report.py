# SPDX-License-Identifier: GPL-2.0-or-later
"""The report as it is read at three in the morning: told as it happens, commands whole, not wider than a terminal."""

from __future__ import annotations

import tracemalloc

from lvs_rawcheck.checks.base import RAW, Endpoint, Reason, Result, Verdict
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.diagnosis import diagnose_known
from lvs_rawcheck.diagnose.explanation import Explanation, Inquest
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.diagnose.probe import ECHO, OWN_SERVICE, Probe
from lvs_rawcheck.diagnose.recording import RecordedFrame, Recording
from lvs_rawcheck.diagnose.report import COLUMNS, FRAMES_MOST, Report
from lvs_rawcheck.diagnose.scene import Scene
from lvs_rawcheck.diagnose.transcript import HEARD, NOTE, SAID, Line, Transcript
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
VERBOSE = 1


class Written(Transcript):
    """What was said at given times."""

    def __init__(self, lines: list[Line]) -> None:
        super().__init__()
        self._told.extend(lines)


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
        kind=kind,
        transcript=Written(CONVERSATION),
        recording=recording,
        path=Path(interface, DIRECTOR_IP, 2),
        result=result,
        probing_from=2,
        probes=probes,
        observations=Observations(Place.WIRE, reason),
        diagnosis=diagnose_known(cause, Scene(REAL_IP, VIP, 80)),
        warnings=warnings,
    )


def describe(octets: bytes) -> tuple[int, str]:
    """Return a frame's words, which -v tells; those of an ARP frame only -vv."""
    words = octets[14:].decode()
    return VERBOSE + words.startswith("ARP"), words


def lines_of(explanation: Explanation, verbosity: int = VERBOSE) -> list[str]:
    return Report(describe, verbosity).end_lines(explanation)


FAILED = told(
    Reason.REFUSED,
    signatures.BOUND_TO_REAL_ADDRESS,
    [Probe(ECHO, "an echo", Answer.REPLY), Probe(OWN_SERVICE, "a connection", Answer.UNREACHABLE, LONG_WORDS)],
    ["first warning", f"second warning {LONG_WORDS}"],
)


def test_the_verdict_is_whole() -> None:
    assert str(FAILED.result) in lines_of(FAILED)


def test_packets_verdict_probes_cause_and_fix_follow_in_this_order() -> None:
    lines = lines_of(FAILED)
    places = [
        next(number for number, line in enumerate(lines) if line.startswith(words))
        for words in (
            "packets",
            str(FAILED.result),
            "probes",
            "cause: bound-to-real-address",
            "fix: on 10.0.0.42",
            "warning: first",
        )
    ]
    assert places == sorted(places)


def test_each_packet_has_its_time_direction_and_the_other_stations_mac() -> None:
    lines = lines_of(FAILED)
    first = lines.index("    0.000000 > 02:00:00:00:02:00 one")
    assert lines[first : first + 7] == [
        "    0.000000 > 02:00:00:00:02:00 one",
        "    0.250000 < 02:00:00:00:02:00 two",
        "",
        str(FAILED.result),
        "",
        "probes",
        "    1.500000 > 02:00:00:00:02:00 three",
    ]
    assert "10.0.0.21" in lines[first - 2]
    assert "02:00:00:00:01:00" in lines[first - 2]


def test_all_but_verdict_and_commands_fits_a_terminal() -> None:
    missing = told(Reason.NO_ANSWER, signatures.VIP_MISSING_OR_FILTERED, [], [])
    commands = [str(fix) for fix in missing.diagnosis.fixes if fix.command]
    assert len(commands) == 3
    for each in (FAILED, missing):
        lines = Report(lambda octets: (VERBOSE, LONG_WORDS), VERBOSE).end_lines(each)
        whole = [line for line in lines if line[5:] in commands]
        assert len(whole) == (3 if each is missing else 0)
        whole.append(str(each.result))
        assert [line for line in lines if line not in whole and len(line) > COLUMNS] == []
        assert any(COLUMNS - 5 < len(line) <= COLUMNS for line in lines)


def test_what_strangers_sent_does_not_speak_to_the_terminal() -> None:
    text = "\n".join(Report(lambda octets: (VERBOSE, "red \x1b[31m, bell \a"), VERBOSE).end_lines(FAILED))
    assert "red ?[31m, bell ?" in text
    assert "\x1b" not in text


def test_a_healthy_server_has_no_cause() -> None:
    text = "\n".join(lines_of(told(Reason.OK, signatures.HEALTHY, [], [])))
    assert "cause" not in text
    assert "fix" not in text
    assert "warning" not in text


def test_a_leak_is_a_warning_told_once() -> None:
    leak = told(Reason.OK, signatures.ARP_LEAK, [], ["arp-leak: the same again"])
    lines = lines_of(leak)
    assert [line for line in lines if "arp-leak" in line] == ["warning: arp-leak"]
    assert any(line.startswith("fix: on 10.0.0.42: sysctl -w") for line in lines)


def test_where_nothing_was_sent_no_packets_are_told() -> None:
    nothing = told(Reason.NOT_ON_LINK, signatures.NOT_ON_LINK, [], [])
    nothing.path = None
    nothing.recording.frames = []
    lines = lines_of(nothing)
    assert lines[0] == str(nothing.result)
    assert not any(line.startswith("packets") for line in lines)


SPOKEN = told(Reason.STATUS, signatures.SERVICE_UNHEALTHY, [], [], kind="http")


def test_what_was_said_comes_with_the_packets_in_the_order_of_time() -> None:
    lines = lines_of(SPOKEN)
    first = lines.index("    0.000000 > 02:00:00:00:02:00 one")
    assert lines[first + 1 : first + 4] == [
        "    0.250000 < 02:00:00:00:02:00 two",
        "    0.500000 * connected to 10.0.0.100:80",
        "    0.625000 > GET / HTTP/1.1",
    ]


def test_a_long_line_is_broken_and_an_empty_one_is_told() -> None:
    lines = lines_of(SPOKEN, 0)
    first = next(number for number, line in enumerate(lines) if "< xxx" in line)
    assert [line.count("x") for line in lines[first : first + 2]] == [COLUMNS - 15, 150 - (COLUMNS - 15)]
    assert lines[first + 2] == "    0.750000 <"
    assert all(len(line) <= COLUMNS for line in lines[: first + 3])


def test_packets_are_told_on_demand() -> None:
    assert not any("02:00:00:00:02:00" in line for line in lines_of(SPOKEN, 0))


def test_of_tcp_the_packets_are_the_conversation() -> None:
    lines = lines_of(FAILED, 0)
    assert not any(line.startswith("conversation") for line in lines)
    assert any(line.startswith("packets") for line in lines)


def test_packets_that_are_not_worth_it_are_passed_over() -> None:
    asked = told(Reason.STATUS, signatures.SERVICE_UNHEALTHY, [], [], kind="http")
    asked.recording.frames[0] = frame(SENT, "ARP", 100.0)
    lines = lines_of(asked)
    assert not any(line.endswith(" ARP") for line in lines)
    assert any(line.endswith(" two") for line in lines)


def frame(direction: str, words: str, time: float) -> RecordedFrame:
    stations = REAL_MAC + OWN_MAC if direction == SENT else OWN_MAC + REAL_MAC
    return RecordedFrame(direction, stations + b"\x08\x00" + words.encode(), time)


class Live:
    """A report that is told while frames pass, as those of a check do: each adds to what was told."""

    def __init__(self, kind: str, verbosity: int) -> None:
        interface = Interface(2, "eth0", OWN_MAC, 1500, 0x43, 1, None)
        recording = Recording()
        self.transcript = Transcript()
        self.inquest = Inquest(kind=kind, transcript=self.transcript, recording=recording)
        self.inquest.path = Path(interface, DIRECTOR_IP, 2)
        self._report = Report(describe, verbosity)
        self.heading = self.new_lines()

    def new_lines(self) -> list[str]:
        return self._report.new_lines(self.inquest)

    def after(self, direction: str, words: str, time: float) -> list[str]:
        """Return what is told because a frame passed: the words of it."""
        self.inquest.recording.frames.append(frame(direction, words, time))
        return [line.split()[-1] for line in self.new_lines()]


def test_of_tcp_each_packet_is_told_when_it_passes() -> None:
    live = Live("tcp", 0)
    assert live.heading[0].startswith("packets, on eth0 of 10.0.0.21")
    assert live.after(SENT, "ARP", 100.0) == ["ARP"]
    assert live.after(RECEIVED, "answer", 100.1) == ["answer"]
    assert live.new_lines() == []


def test_packets_that_nobody_answers_are_told_until_somebody_does() -> None:
    live = Live("http", 0)
    assert live.after(SENT, "ARP", 100.0) == []
    assert live.after(RECEIVED, "is-at", 100.1) == []
    assert live.after(SENT, "SYN", 100.1) == []
    assert live.after(SENT, "SYN-again", 100.3) == ["ARP", "is-at", "SYN", "SYN-again"]
    assert live.after(RECEIVED, "SYN-ACK", 100.4) == ["SYN-ACK"]
    live.transcript.note("connected")
    assert live.after(SENT, "GET", 100.5) == ["connected"]
    assert live.after(SENT, "GET-again", 100.7) == []


def test_a_verdict_follows_what_was_told_before_it() -> None:
    live = Live("http", 0)
    live.transcript.note("connected")
    live.transcript.tell(HEARD, b"half an answ", lambda octets: [octets.decode()])
    assert [line.split()[-1] for line in live.new_lines()] == ["connected"]
    live.transcript.note_verdict("timeout")
    live.inquest.result = FAILED.result
    lines = live.new_lines()
    assert lines[0].endswith("< half an answ")
    assert lines[1:] == ["", str(FAILED.result)]


def test_a_flood_is_counted_and_no_more() -> None:
    live = Live("tcp", 0)
    for number in range(FRAMES_MOST + 3):
        assert len(live.after(RECEIVED, "flood", 100.0 + number / 1000)) == (number < FRAMES_MOST)
    live.inquest.result = FAILED.result
    assert live.new_lines() == ["   ... and 3 packets more", "", str(FAILED.result)]


def test_of_a_flood_no_frame_takes_longer_than_another() -> None:
    live = Live("http", 0)
    live.transcript.note("connected")
    live.inquest.recording.frames += [frame(RECEIVED, "flood", 100.0)] * 200_000
    live.after(RECEIVED, "flood", 100.5)  # the list itself grows, and has room for more
    tracemalloc.start()
    live.after(RECEIVED, "flood", 101.0)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100_000  # octets: one that copied what passed before would take 1.6 million
