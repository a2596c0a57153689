# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck explain KIND ...`: one check packet by packet, and on failure the cause and what would put it right.

For people: nothing is logged, no stamp is kept, and what loads slowly is loaded when the frames have passed.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.runner import cannot_judge
from lvs_rawcheck.cli.check_line import help_of_check, read_check
from lvs_rawcheck.cli.exit_status import HEALTHY, UNHEALTHY
from lvs_rawcheck.cli.one_shot import regret
from lvs_rawcheck.cli.options import CommandLine, HelpWanted, Option
from lvs_rawcheck.cli.output import complain, one_sentence, say
from lvs_rawcheck.diagnose.capture_file import CaptureFile
from lvs_rawcheck.diagnose.explanation import Explanation, explain
from lvs_rawcheck.diagnose.report import report_lines
from lvs_rawcheck.diagnose.signatures import CANNOT_JUDGE
from lvs_rawcheck.director.privileges import drop_root
from lvs_rawcheck.errors import RawCheckError, UsageError
from lvs_rawcheck.registry.vips import RegistryVips

OPTIONS = (Option("", "pcap", "FILE", "save all frames, probes included, as a capture for tcpdump or wireshark"),)
_DESCRIPTION = """\
Make the raw check, whatever this director's role, and tell it packet by packet. On failure probe on, and name the
cause and the command that would put it right. On success look whether the server announces the VIP.
Exit status 0: healthy. 1: everything else."""


def run(arguments: list[str]) -> int:
    """Run `explain` with what follows it on the command line; return the exit status."""
    try:
        explanation, line = _explain(arguments)
    except HelpWanted:
        say(help_of_check("lvs-rawcheck explain", arguments, _DESCRIPTION, OPTIONS))
        return HEALTHY
    except RawCheckError as error:
        _refuse(str(error), arguments)
        return UNHEALTHY
    regret("lvs-rawcheck", explanation.result)
    if line.values["json"]:
        say(json.dumps(explanation.to_dict()))
    else:
        for text in report_lines(explanation, describer()):
            say(text)
    return HEALTHY if explanation.result.healthy else UNHEALTHY


def _explain(arguments: list[str]) -> tuple[Explanation, CommandLine]:
    request, line = read_check(arguments, OPTIONS)
    registry = RegistryVips(str(line.values["services"]))
    request.is_registry_vip = registry.holds
    path = line.values["pcap"]
    explanation = explain(request, drop_root) if path is None else _explain_into(str(path), request)
    explanation.result.notes += registry.notes
    return explanation, line


def _explain_into(path: str, request: Request) -> Explanation:
    """Return the explanation, its frames saved to a file that was opened while we were still root."""
    capture = CaptureFile(path)
    try:
        explanation = explain(request, drop_root)
    except BaseException:
        capture.abandon()
        raise
    _save(capture, explanation)
    return explanation


def _save(capture: CaptureFile, explanation: Explanation) -> None:
    """Save the frames; where that fails the verdict stays what it is."""
    try:
        capture.save(explanation.recording.to_pcap())
    except UsageError as error:
        complain(f"lvs-rawcheck: {error}")


def _refuse(sentence: str, arguments: list[str]) -> None:
    """Say why nothing was asked."""
    complain(f"lvs-rawcheck: cannot-judge: {one_sentence(sentence)}")
    if "--json" in arguments:
        result = cannot_judge(arguments[0], None, None, one_sentence(sentence))
        untold: dict[str, object] = {
            "cause": CANNOT_JUDGE,
            "explanation": sentence,
            "fix": None,
            "probes": [],
            "warnings": [],
        }
        say(json.dumps({**result.to_dict(), **untold}))


def describer() -> Callable[[bytes], str]:
    """Return what puts a frame into words: scapy's reading, or our own where scapy is not installed."""
    try:
        from lvs_rawcheck.diagnose.decode import Decoder
    except ImportError:
        from lvs_rawcheck.cli.packet_lines import PacketLines

        complain("lvs-rawcheck: scapy is not installed (python3-scapy): packets are told in our own short form")
        lines = PacketLines()
        return lambda octets: lines.describe(octets)[1]
    return Decoder().describe
