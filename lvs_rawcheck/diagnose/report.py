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
from lvs_rawcheck.diagnose.explanation import Explanation
from lvs_rawcheck.diagnose.recording import RecordedFrame
from lvs_rawcheck.link.tracer import SENT
from lvs_rawcheck.wire.address import format_address, format_mac

COLUMNS = 100
_INDENT = "   "

Describe = Callable[[bytes], str]


def report_lines(explanation: Explanation, describe: Describe | None) -> list[str]:
    """Return the lines of the report.

    describe: one frame, with its Ethernet header, in words without MACs, "" for one that is not to be told; None: no
    packets are.
    """
    lines = [str(explanation.result)]
    for block in (
        list(_conversation_lines(explanation)),
        list(_packet_lines(explanation, describe)) if describe is not None else [],
        list(_probe_lines(explanation)),
        list(_cause_lines(explanation)),
        list(_warning_lines(explanation)),
    ):
        if block:
            lines += ["", *block]
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


def _conversation_lines(explanation: Explanation) -> Iterator[str]:
    if not explanation.conversation or explanation.result.kind == TcpConversation.kind:
        return  # of tcp the packets are the conversation
    yield "conversation"
    yield f"{_INDENT}seconds since the first packet, > said, < heard or * happened:"
    for line in explanation.conversation:
        head = f"{_INDENT}{line.time - explanation.began:9.6f} {line.direction} "
        yield from _paragraph(line.text, head, " " * len(head), break_words=True) or [head.rstrip()]


def _packet_lines(explanation: Explanation, describe: Describe) -> Iterator[str]:
    frames = explanation.recording.frames
    path = explanation.path
    if path is None:
        return
    interface = path.interface
    yield f"packets, on {interface.name} of {format_address(path.director_ip)}, {format_mac(interface.mac)}"
    yield f"{_INDENT}seconds since the first, > sent or < received, MAC of the other station:"
    words = [describe(frame.octets) for frame in frames]
    probing = False
    for number, (frame, text) in enumerate(zip(frames, words, strict=True)):
        if not text:
            continue
        if number >= explanation.probing_from and not probing:
            probing = True
            yield f"{_INDENT}the probes:"
        yield from _frame_lines(frame, explanation.began, text)


def _frame_lines(frame: RecordedFrame, began: float, text: str) -> list[str]:
    destination, source = frame.octets[:6], frame.octets[6:12]
    station = format_mac(destination if frame.direction == SENT else source)
    head = f"{_INDENT}{frame.time - began:9.6f} {frame.direction} {station} "
    # What strangers sent must not speak to the terminal.
    words = "".join(character if character.isprintable() else "?" for character in text)
    return _paragraph(words, head, " " * len(head))


def _probe_lines(explanation: Explanation) -> Iterator[str]:
    if not explanation.probes:
        return
    yield "probes"
    width = max(len(probe.question) for probe in explanation.probes)
    for probe in explanation.probes:
        detail = f", {probe.detail}" if probe.detail else ""
        head = f"{_INDENT}{probe.question:{width}}  "
        yield from _paragraph(f"{probe.answer.value}{detail}", head, " " * len(head))


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
