# SPDX-License-Identifier: GPL-2.0-or-later
"""Packet scripts: a conversation written down line by line, and a runner that holds a `Connection` to it.

    0.000 call open
    0.000 > S 0:0(0) win 64240 <mss 1460,sackOK>      what we send, and when
    0.010 < S. 0:0(0) ack 1 win 65535 <mss 1460>      what arrives
    0.010 event Connected                             what the owner is told
    0.010 > . 1:1(0) ack 1
    0.020 call send 100                               the owner: open, send N, close, abort
    0.020 > P. 1:101(100) ack 1
    0.030 < P. 1:51(50) ack 101
    0.030 event DataReceived 1:51(50)
    0.030 > . 101:101(0) ack 51
    0.040 state ESTABLISHED                           also: `timer none`, `timer 0.230`

Sequence numbers are relative: ours to our first one, the peer's to its own. Flags: S F R P . U E C (for CWR).
A window that is left out is 64240 on the way out and 65535 on the way in; options that are left out are none;
`<hex 0200>` gives their octets. Each direction's octets are a fixed pattern, so what a segment must carry
follows from its numbers.

Time moves by the script only; timers fire when its clock reaches them. A script is complete: whatever is
sent, or told, and not listed fails. Lines of one moment happen in their order; what we send is asked for
(`segments_to_send`) only when the script says what was sent or told, or when time goes on.
"""

from __future__ import annotations

import re
from collections import deque

from lvs_rawcheck.tcp.connection import RCV_WND, Connection
from lvs_rawcheck.tcp.events import DataReceived
from lvs_rawcheck.tcp.seq import Seq
from lvs_rawcheck.wire.tcp import (
    ACK,
    CWR,
    ECE,
    FIN,
    PSH,
    RST,
    SACK_PERMITTED,
    SYN,
    URG,
    Segment,
    mss_option,
    parse_options,
    sack_option,
)

SOURCE_PORT = 40000
DESTINATION_PORT = 80
PEER_WINDOW = 65535
LETTERS = {"S": SYN, "F": FIN, "R": RST, "P": PSH, ".": ACK, "U": URG, "E": ECE, "C": CWR}

_SEGMENT = re.compile(
    r"(?P<flags>[SFRPUEC.]+) (?P<begin>-?\d+):(?P<end>-?\d+)\((?P<length>\d+)\)"
    r"(?: ack (?P<ack>-?\d+))?(?: win (?P<window>\d+))?(?: <(?P<options>[^>]*)>)?"
)


class ScriptFailure(AssertionError):
    """The connection did something else than its script says."""


def our_octets(begin: int, end: int) -> bytes:
    """Return the octets of our stream with relative sequence numbers begin .. end - 1."""
    return bytes((n * 7 + (n >> 8)) & 0xFF for n in range(begin, end))


def peer_octets(begin: int, end: int) -> bytes:
    """Return the octets of the peer's stream with relative sequence numbers begin .. end - 1."""
    return bytes((n * 5 + 3 + (n >> 8)) & 0xFF for n in range(begin, end))


class Player:
    """Runs one script against one connection; iss, irs: the two first sequence numbers."""

    def __init__(self, iss: int, irs: int, mss: int) -> None:
        self.connection = Connection(SOURCE_PORT, DESTINATION_PORT, iss, mss)
        self.iss = iss
        self.irs = irs
        self._now = 0.0
        self._written = 1
        self._sent: deque[str] = deque()
        self._told: deque[str] = deque()

    def play(self, script: str) -> None:
        """Run all lines; ScriptFailure at the first that does not come true."""
        for line in script.splitlines():
            text = line.partition("#")[0].strip()
            if text:
                time, _, rest = text.partition(" ")
                self._advance(float(time))
                self._step(text, rest.strip())
        self._expect_silence("at the end")

    def _step(self, line: str, text: str) -> None:
        verb, _, rest = text.partition(" ")
        if verb == "<":
            self.connection.receive_segment(self._arriving(rest), self._now)
        elif verb == "call":
            self._call(*rest.split())
        elif verb == ">":
            self._expect(self._sent, self._canonical(rest), line)
        elif verb == "event":
            self._expect(self._told, rest, line)
        else:
            self._look(line, verb, rest)

    def _look(self, line: str, verb: str, rest: str) -> None:
        self._pump()
        if verb == "state":
            found = self.connection.state
        elif verb == "timer":
            timer = self.connection.next_timer()
            found = "none" if timer is None else f"{timer:.3f}"
        else:
            raise ValueError(f"not a line of a script: {line}")
        if found != rest:
            raise ScriptFailure(f"{line}\n  found {found}")

    def _call(self, verb: str, argument: str = "") -> None:
        if verb == "open":
            self.connection.open(self._now)
        elif verb == "send":
            begin, self._written = self._written, self._written + int(argument)
            self.connection.send(our_octets(begin, self._written))
        elif verb == "close":
            self.connection.close()
        elif verb == "abort":
            self.connection.abort()
        else:
            raise ValueError(f"not a call: {verb}")

    def _advance(self, time: float) -> None:
        """Move the clock to `time`; what fires on the way belongs to its own moment."""
        if time < self._now:
            raise ValueError(f"the script goes back from {self._now} to {time}")
        if time > self._now:
            self._expect_silence(f"before {time}")
        while (timer := self.connection.next_timer()) is not None and timer <= time + 1e-9:
            if timer < time - 1e-9:
                self._expect_silence(f"before {time}")
            self._now = max(timer, self._now)
            before = self.connection.state
            self.connection.handle_timer(self._now)
            self._pump()
            if self.connection.next_timer() == timer and self.connection.state == before:
                raise ScriptFailure(f"the timer at {timer} stands still")
        self._now = time

    def _pump(self) -> None:
        for segment in self.connection.segments_to_send(self._now):
            self._sent.append(self._describe(segment))
        while (event := self.connection.next_event()) is not None:
            if isinstance(event, DataReceived):
                self._told.append(self._describe_data(event.octets))
            else:
                self._told.append(repr(event))

    _delivered = 1

    def _describe_data(self, octets: bytes) -> str:
        begin, self._delivered = self._delivered, self._delivered + len(octets)
        right = octets == peer_octets(begin, self._delivered)
        return f"DataReceived {begin}:{self._delivered}({len(octets)})" + ("" if right else " WRONG OCTETS")

    def _expect(self, queue: deque[str], wanted: str, line: str) -> None:
        self._pump()
        found = queue.popleft() if queue else "nothing"
        if found != wanted:
            raise ScriptFailure(f"{line}\n  wanted {wanted}\n  found  {found}")

    def _expect_silence(self, when: str) -> None:
        self._pump()
        if self._sent or self._told:
            raise ScriptFailure(f"{when}, at {self._now}, not listed: {[*self._sent, *self._told]}")

    # Segments ----------------------------------------------------------------------------------------------

    def _arriving(self, text: str) -> Segment:
        flags, begin, end, ack, window, options = self._fields(text, PEER_WINDOW)
        return Segment(
            DESTINATION_PORT,
            SOURCE_PORT,
            (self.irs + begin) % 2**32,
            0 if ack is None else (self.iss + ack) % 2**32,
            flags,
            window,
            self._build_options(options, self.iss),
            peer_octets(begin, end),
        )

    def _canonical(self, text: str) -> str:
        flags, begin, end, ack, window, options = self._fields(text, RCV_WND)
        return _line(flags, begin, end, ack, window, options)

    def _fields(self, text: str, window: int) -> tuple[int, int, int, int | None, int, str]:
        match = _SEGMENT.fullmatch(text)
        if match is None:
            raise ValueError(f"not a segment: {text}")
        begin, end = int(match["begin"]), int(match["end"])
        if end - begin != int(match["length"]):
            raise ValueError(f"octets miscounted: {text}")
        flags = sum(LETTERS[letter] for letter in match["flags"])
        ack = int(match["ack"]) if match["ack"] else None
        if (ack is not None) != bool(flags & ACK):
            raise ValueError(f"ack without '.', or '.' without ack: {text}")
        return flags, begin, end, ack, int(match["window"] or window), match["options"] or ""

    def _build_options(self, text: str, base: int) -> bytes:
        built = b""
        for option in filter(None, text.split(",")):
            name, _, value = option.partition(" ")
            if name == "mss":
                built += mss_option(int(value))
            elif name == "sackOK":
                built += SACK_PERMITTED
            elif name == "hex":
                built += bytes.fromhex(value)
            elif name == "sack":
                pairs = [tuple(int(edge) for edge in block.split(":")) for block in value.split()]
                built += sack_option([(Seq(base + left), Seq(base + right)) for left, right in pairs])
            else:
                raise ValueError(f"not an option: {option}")
        return built

    def _describe(self, segment: Segment) -> str:
        if (segment.source_port, segment.destination_port) != (SOURCE_PORT, DESTINATION_PORT):
            raise ScriptFailure(f"wrong ports: {segment!r}")
        begin = Seq(segment.seq) - self.iss
        end = begin + len(segment.payload)
        ack = Seq(segment.ack) - self.irs if segment.flags & ACK else None
        if ack is None and segment.ack:
            raise ScriptFailure(f"no ACK flag, yet an acknowledgement: {segment!r}")
        line = _line(segment.flags, begin, end, ack, segment.window, self._describe_options(segment.options))
        return line if segment.payload == our_octets(begin, end) else f"{line} WRONG OCTETS"

    def _describe_options(self, octets: bytes) -> str:
        options = parse_options(octets)
        named = []
        if options.mss is not None:
            named.append(f"mss {options.mss}")
        if options.sack_permitted:
            named.append("sackOK")
        if options.sack_blocks:
            blocks = [f"{Seq(left) - self.irs}:{Seq(right) - self.irs}" for left, right in options.sack_blocks]
            named.append("sack " + " ".join(blocks))
        return ",".join(named)


def _line(flags: int, begin: int, end: int, ack: int | None, window: int, options: str) -> str:
    letters = "".join(letter for letter, bit in LETTERS.items() if flags & bit)
    acknowledged = "" if ack is None else f" ack {ack}"
    return f"{letters} {begin}:{end}({end - begin}){acknowledged} win {window}" + (f" <{options}>" if options else "")
