# SPDX-License-Identifier: GPL-2.0-or-later
"""An explanation as plain text for a terminal: verdict first, then conversation, packets, probes, cause and fix.

The verdict is one line, and so are commands, which can be copied then; all else is kept within COLUMNS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import wrap

from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.diagnosis import Diagnosis
from lvs_rawcheck.diagnose.explanation import Explanation, Inquest
from lvs_rawcheck.diagnose.probe import Probe
from lvs_rawcheck.diagnose.recording import RecordedFrame
from lvs_rawcheck.link.tracer import SENT
from lvs_rawcheck.wire.address import format_address, format_mac

COLUMNS = 100
_INDENT = "   "

Describe = Callable[[bytes], str]


def report_lines(explanation: Explanation, describe: Describe | None) -> list[str]:
    """Return all lines of the report; describe: as in `Report`."""
    report = Report(describe)
    return [*report.check_lines(explanation), *report.probe_lines(explanation), *report.end_lines(explanation)]


class Report:
    """The lines, in the order in which they become known; each is told once.

    describe: one frame, with its Ethernet header, in words without MACs, "" for one that is not to be told; None: no
    packets are.
    """

    def __init__(self, describe: Describe | None) -> None:
        self._describe = describe
        self._check_told = False
        self._frames_told = 0
        self._probes_told = 0
        self._probe_packets_told = False
        self._width = 0

    def check_lines(self, inquest: Inquest) -> list[str]:
        """Return the verdict, what was said, and the packets of the check."""
        if self._check_told:
            return []
        self._check_told = True
        conversation = list(_conversation_lines(inquest))
        packets = self._packet_lines(inquest, inquest.probing_from)
        if packets:
            packets = [*_packet_heading(inquest), *packets]
        lines = [str(inquest.result)]
        for block in (conversation, packets):
            if block:
                lines += ["", *block]
        return lines

    def probe_lines(self, inquest: Inquest) -> list[str]:
        """Return the packets and the answers of the probes since the last time."""
        lines = self._probe_packet_lines(inquest)
        probes = inquest.probes[self._probes_told :]
        if probes and self._probes_told == 0:
            self._width = max(len(probe.question) for probe in probes)
            lines += ["", "probes"]
        self._probes_told = len(inquest.probes)
        for probe in probes:
            lines += _probe_lines(probe, self._width)
        return lines

    def end_lines(self, explanation: Explanation) -> list[str]:
        """Return what is left to tell: the cause, its remedy, and the warnings."""
        lines = [*self.check_lines(explanation), *self.probe_lines(explanation)]
        for block in (list(_cause_lines(explanation)), list(_warning_lines(explanation))):
            if block:
                lines += ["", *block]
        return lines

    def _probe_packet_lines(self, inquest: Inquest) -> list[str]:
        packets = self._packet_lines(inquest, len(inquest.recording.frames))
        if not packets:
            return []
        heading = "their packets:" if self._probe_packets_told else "the probes:"
        self._probe_packets_told = True
        return [f"{_INDENT}{heading}", *packets]

    def _packet_lines(self, inquest: Inquest, end: int) -> list[str]:
        """Return the frames from the first that is untold to this one, but for those that have no words."""
        if self._describe is None or inquest.path is None:
            return []
        frames = inquest.recording.frames[self._frames_told : end]
        self._frames_told = max(self._frames_told, end)
        told = ((frame, self._describe(frame.octets)) for frame in frames)
        return [line for frame, text in told if text for line in _frame_lines(frame, inquest.began, text)]


def _paragraph(text: str, first: str, following: str, break_words: bool = False) -> list[str]:
    """Return a text within COLUMNS. break_words: cut even what has no space, as what a server said may not."""
    return wrap(
        text,
        COLUMNS,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=break_words,
        break_on_hyphens=False,
    )


def _conversation_lines(inquest: Inquest) -> Iterator[str]:
    if not inquest.conversation or inquest.result.kind == TcpConversation.kind:
        return  # of tcp the packets are the conversation
    yield "conversation"
    yield f"{_INDENT}seconds since the first packet, > said, < heard or * happened:"
    for line in inquest.conversation:
        head = f"{_INDENT}{line.time - inquest.began:9.6f} {line.direction} "
        yield from _paragraph(line.text, head, " " * len(head), break_words=True) or [head.rstrip()]


def _packet_heading(inquest: Inquest) -> Iterator[str]:
    path = inquest.path
    assert path is not None
    interface = path.interface
    yield f"packets, on {interface.name} of {format_address(path.director_ip)}, {format_mac(interface.mac)}"
    yield f"{_INDENT}seconds since the first, > sent or < received, MAC of the other station:"


def _frame_lines(frame: RecordedFrame, began: float, text: str) -> list[str]:
    destination, source = frame.octets[:6], frame.octets[6:12]
    station = format_mac(destination if frame.direction == SENT else source)
    head = f"{_INDENT}{frame.time - began:9.6f} {frame.direction} {station} "
    # What strangers sent must not speak to the terminal.
    words = "".join(character if character.isprintable() else "?" for character in text)
    return _paragraph(words, head, " " * len(head))


def _probe_lines(probe: Probe, width: int) -> list[str]:
    detail = f", {probe.detail}" if probe.detail else ""
    head = f"{_INDENT}{probe.question:{width}}  "
    return _paragraph(f"{probe.answer.value}{detail}", head, " " * len(head))


def _cause_lines(explanation: Explanation) -> Iterator[str]:
    diagnosis = explanation.diagnosis
    if diagnosis.cause == signatures.HEALTHY:
        return
    yield from _diagnosis_lines(diagnosis, "warning" if explanation.result.healthy else "cause")
    for second in diagnosis.seconds:
        yield ""
        yield from _diagnosis_lines(second, "besides")


def _diagnosis_lines(diagnosis: Diagnosis, label: str) -> Iterator[str]:
    """Return a cause and its steps; commands whole, which can be copied then."""
    yield f"{label}: {diagnosis.cause}"
    yield from _paragraph(diagnosis.sentence, _INDENT, _INDENT)
    for number, fix in enumerate(diagnosis.fixes):
        head = "fix: " if number == 0 else "     "
        if fix.command:
            yield f"{head}{fix}"
        else:
            yield from _paragraph(str(fix), head, " " * (len(head) + len(_INDENT)))


def _warning_lines(explanation: Explanation) -> Iterator[str]:
    told = tuple(f"{each.cause}:" for each in (explanation.diagnosis, *explanation.diagnosis.seconds))
    for warning in explanation.warnings:
        if not warning.startswith(told):
            yield from _paragraph(f"warning: {warning}", "", _INDENT)
