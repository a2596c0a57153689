# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck explain KIND ...`: one check, what was said and sent, the cause, and what would mend it.

For people: nothing is logged, and no stamp is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from signal import SIGALRM, signal

from lvs_rawcheck.checks.request import STANDARD_INSTEAD, Request
from lvs_rawcheck.checks.runner import cannot_judge
from lvs_rawcheck.cli.check_line import help_of_check, read_check
from lvs_rawcheck.cli.exit_status import GRACE, HEALTHY, UNHEALTHY, end_after, end_no_more
from lvs_rawcheck.cli.live_report import LiveReport
from lvs_rawcheck.cli.one_shot import exit_status, regret
from lvs_rawcheck.cli.options import CommandLine, HelpWanted, Option
from lvs_rawcheck.cli.output import complain, one_sentence, say
from lvs_rawcheck.diagnose.capture_file import CaptureFile
from lvs_rawcheck.diagnose.explanation import Explanation, Inquest
from lvs_rawcheck.diagnose.finding import ERROR
from lvs_rawcheck.diagnose.inquiry import explain, longest_seconds
from lvs_rawcheck.diagnose.signatures import CANNOT_JUDGE
from lvs_rawcheck.director.privileges import drop_root
from lvs_rawcheck.errors import RawCheckError, UsageError
from lvs_rawcheck.registry.vips import RegistryVips

OPTIONS = (Option("", "pcap", "FILE", "save all frames, probes included, as a capture for tcpdump or wireshark"),)
_BUSY_SECONDS = 3.0  # that all this may take longer than it waits for answers, on a busy machine
_DESCRIPTION = """\
Make the raw check, whatever this director's role, and tell what is said while it is said, in the protocol's own words.
-v tells the packets too, and -vv those of ARP and neighbour discovery; of tcp, which says nothing, all packets are
always told, and of every kind those that nobody answers. Probe on, whatever came of it, and name the cause and step by
step what would put it right; lvs-rawcheck.causes(7) lists all causes. Exit status 0: healthy. 1: everything else."""


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
    status = exit_status(explanation.result)
    regret("lvs-rawcheck", explanation.result)
    if line.values["json"]:
        say(json.dumps(explanation.to_dict()))
    return status


def _explain(arguments: list[str]) -> tuple[Explanation, CommandLine]:
    request, line = read_check(arguments, OPTIONS)
    registry = RegistryVips(str(line.values["services"]))
    request.is_registry_vip = registry.holds
    path = line.values["pcap"]
    verbose = line.values["verbose"]
    assert isinstance(verbose, int)
    live = None if line.values["json"] else LiveReport(verbose)
    progress = live.progress if live is not None else None
    _end_in_time(longest_seconds(request) + _BUSY_SECONDS)
    explanation = explain(request, drop_root, progress) if path is None else _explain_into(str(path), request, progress)
    end_no_more()  # the words have time: a person reads them
    explanation.result.notes += registry.notes
    if request.on_cannot_judge == STANDARD_INSTEAD and explanation.cause == CANNOT_JUDGE:
        explanation.warnings.append("`check` would make the standard check instead here, by --on-cannot-judge")
    if live is not None:
        live.end(explanation)
    return explanation, line


def _end_in_time(seconds: float) -> None:
    """End when this time and the grace are over, and say so: nobody looks for an explanation in a log."""

    def end(number: int, frame: object) -> None:
        complain(f"lvs-rawcheck: ended: no explanation after {seconds + GRACE:g} s, whatever it hangs in")
        os._exit(UNHEALTHY)

    signal(SIGALRM, end)
    end_after(seconds)


def _explain_into(path: str, request: Request, progress: Callable[[Inquest], None] | None) -> Explanation:
    """Return the explanation, its frames saved to a file that was opened while we were still root."""
    capture = CaptureFile(path)
    try:
        explanation = explain(request, drop_root, progress)
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
            "conversation": [],
            "cause": CANNOT_JUDGE,
            "explanation": sentence,
            "severity": ERROR,
            "fixes": [],
            "fix": None,
            "second_causes": [],
            "probes": [],
            "warnings": [],
        }
        say(json.dumps({**result.to_dict(), **untold}))
