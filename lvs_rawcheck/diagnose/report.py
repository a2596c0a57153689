# SPDX-License-Identifier: GPL-2.0-or-later
"""An explanation as plain text for a terminal: what passes as it passes, the verdict, the probes, cause and fix.

The verdict is one line, and so are commands, which can be copied then; all else is kept within COLUMNS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter
from textwrap import wrap

from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.diagnosis import Diagnosis
from lvs_rawcheck.diagnose.explanation import Explanation, Inquest
from lvs_rawcheck.diagnose.probe import Probe
from lvs_rawcheck.diagnose.recording import RecordedFrame
from lvs_rawcheck.diagnose.transcript import Line, Reader
from lvs_rawcheck.link.tracer import SENT
from lvs_rawcheck.wire.address import format_address, format_mac

COLUMNS = 100
_INDENT = "   "

FRAMES_MOST = 500  # of the check, and of the probes: a flood must not take the time of either

Describe = Callable[[bytes], tuple[int, str]]


class Report:
    """The lines, in the order in which they become known; each is told once.

    describe: of each frame in turn, with its Ethernet header, returns the verbosity that it is worth, and its words
    without MACs. verbosity: 0: no packets are told, but for those that nobody answers. Of tcp all packets are told.
    """

    def __init__(self, describe: Describe, verbosity: int) -> None:
        self._describe = describe
        self._verbosity = verbosity
        self._reader: Reader | None = None
        self._heading_told = False
        self._verdict_told = False
        self._probes_told = 0
        self._probing_told = False
        self._width = 0
        self._frames_read = 0
        self._room = FRAMES_MOST
        self._left_out = 0
        self._unanswered = False
        self._held: list[tuple[RecordedFrame, int, str]] = []
        """Frames that it is not known of yet whether they are to be told: with their worth and their words."""

    def new_lines(self, inquest: Inquest) -> list[str]:
        """Return what became known since the last time."""
        lines = self._check_lines(inquest)
        if inquest.result is None:
            return lines
        if not self._verdict_told:
            self._verdict_told = True
            lines += [*self._left_out_line(inquest), *([""] if self._heading_told else []), str(inquest.result)]
        return lines + self._probe_lines(inquest)

    def end_lines(self, explanation: Explanation) -> list[str]:
        """Return what is left to tell: the cause, its remedy, and the warnings last."""
        lines = [*self.new_lines(explanation), *self._left_out_line(explanation)]
        for block in (list(_cause_lines(explanation)), list(_warning_lines(explanation))):
            if block:
                lines += ["", *block]
        return lines

    def _check_lines(self, inquest: Inquest) -> list[str]:
        """Return what was said and the packets of the check; the heading first, as soon as there is a way to go."""
        if self._reader is None:
            self._reader = Reader(inquest.transcript)
        spoken = [] if inquest.kind == TcpConversation.kind else self._reader.new_lines()
        told = [(line.time, _spoken_lines(line, inquest.began)) for line in spoken]
        told += [(frame.time, _frame_lines(frame, inquest.began, words)) for frame, words in self._packets(inquest)]
        lines = [line for _, block in sorted(told, key=itemgetter(0)) for line in block]
        if not self._heading_told and (lines or inquest.path is not None):
            self._heading_told = True
            lines = [*_heading(inquest, self._verbosity), *lines]
        return lines

    def _packets(self, inquest: Inquest) -> list[tuple[RecordedFrame, str]]:
        """Return the check's frames that are to be told now, with their words.

        Before anybody speaks they are held back: where nobody answers they are all that there is to tell.
        """
        self._read(inquest, inquest.probing_from)
        last_two = inquest.recording.frames[max(0, self._frames_read - 2) : self._frames_read]
        if inquest.transcript.began is not None:
            self._unanswered = False
        elif [frame.direction for frame in last_two] == [SENT, SENT]:
            self._unanswered = True
        elif inquest.result is None and not self._unanswered and inquest.kind != TcpConversation.kind:
            return []
        return self._release(inquest)

    def _read(self, inquest: Inquest, end: int | None) -> None:
        """Put the frames up to this one into words, while there is room."""
        frames = inquest.recording.frames[self._frames_read : end]
        self._frames_read += len(frames)
        self._held += [(frame, *self._describe(frame.octets)) for frame in frames[: self._room]]
        self._left_out += len(frames[self._room :])
        self._room = max(0, self._room - len(frames))

    def _release(self, inquest: Inquest) -> list[tuple[RecordedFrame, str]]:
        """Return those of the frames held back that are worth it; the others are told no more."""
        all_of_them = self._unanswered or inquest.kind == TcpConversation.kind
        told = [(frame, words) for frame, level, words in self._held if all_of_them or level <= self._verbosity]
        self._held = []
        return told

    def _left_out_line(self, inquest: Inquest) -> list[str]:
        """Return how many packets there was no room for, in words, and make room again."""
        packets, self._left_out, self._room = self._left_out, 0, FRAMES_MOST
        told = packets and (self._verbosity or inquest.kind == TcpConversation.kind)
        return [f"{_INDENT}... and {packets} packets more"] if told else []

    def _probe_lines(self, inquest: Inquest) -> list[str]:
        """Return the packets and the answers of the probes since the last time."""
        self._unanswered = False
        self._read(inquest, None)
        told = self._release(inquest)
        lines = [line for frame, words in told for line in _frame_lines(frame, inquest.began, words)]
        probes = inquest.probes[self._probes_told :]
        if probes and self._probes_told == 0:
            self._width = max(len(probe.question) for probe in probes)
        self._probes_told = len(inquest.probes)
        for probe in probes:
            lines += _probe_lines(probe, self._width)
        if not self._probing_told and (lines or inquest.probing_from is not None):
            self._probing_told = True
            lines = ["", "probes", *lines]
        return lines


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


def _spoken_lines(line: Line, began: float) -> list[str]:
    head = f"{_INDENT}{line.time - began:9.6f} {line.direction} "
    return _paragraph(line.text, head, " " * len(head), break_words=True) or [head.rstrip()]


def _heading(inquest: Inquest, verbosity: int) -> Iterator[str]:
    """Return what the lines are that follow; of tcp the packets are the conversation."""
    of_tcp = inquest.kind == TcpConversation.kind
    what, path = "packets" if of_tcp else "conversation", inquest.path
    if path is not None:
        what += f", on {path.interface.name} of {format_address(path.director_ip)}, {format_mac(path.interface.mac)}"
    yield what
    if of_tcp:
        yield f"{_INDENT}seconds since the first, > sent or < received, MAC of the other station:"
        return
    yield f"{_INDENT}seconds since the first packet, > said, < heard or * happened:"
    if verbosity:
        yield f"{_INDENT}of packets > sent or < received, and the MAC of the other station:"


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
