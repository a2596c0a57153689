# SPDX-License-Identifier: GPL-2.0-or-later
"""`make demo`: boot the laboratory, pass on what happens in it, and end with a table of what was measured."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TypedDict

from lab.acts import ActReport
from lab.boot import CHECKOUT, BootError, boot, clear_up_on_sigterm

RESULTS = CHECKOUT / "build" / "demo"
SCENARIO = Path(__file__).resolve().parent / "demonstration.py"


class Report(TypedDict):
    """report.json."""

    passed: bool
    seconds: float
    failure: str
    acts: list[ActReport]


def read_report(results: Path) -> Report:
    """Return the report that the demonstration left."""
    report: Report = json.loads((results / "report.json").read_text())
    return report


def render_table(report: Report) -> str:
    """Return the measured figures, one per line, under the title of their act."""
    lines = []
    for act in report["acts"]:
        lines.append(f"act {act['act']}  {'as told' if act['passed'] else 'NOT AS TOLD':11}  {act['title']}")
        for name, value in act["figures"].items():
            lines.append(f"       {name:28} {'-' if value is None else format(value, 'g'):>8}")
        lines += [f"       NOT AS TOLD: {claim['claim']}" for claim in act["claims"] if not claim["held"]]
    return "\n".join(lines)


def main() -> int:
    """Return 0 if every act went as told, 1 else. A signal ends the laboratory too."""
    clear_up_on_sigterm()
    try:
        return play()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def play() -> int:
    """Boot, tell, and return 0 if every act went as told, 1 else."""
    began = time.monotonic()
    shutil.rmtree(RESULTS, ignore_errors=True)
    print("booting the laboratory, a kernel in an ordinary process; this host stays as it is", flush=True)
    try:
        status = boot(SCENARIO, RESULTS, on_line=lambda line: print(line, flush=True))
        report = read_report(RESULTS)
    except (BootError, OSError) as error:
        print(f"demo: {error}; see {RESULTS}/console.log", file=sys.stderr)
        return 1
    print(f"\n{render_table(report)}\n")
    print(f"{time.monotonic() - began:.0f} s in all; logs and report.json are in {RESULTS}")
    if status == 0:
        return 0
    print(f"demo: {report['failure'] or 'not every act went as told'}", file=sys.stderr)
    return 1
