# SPDX-License-Identifier: GPL-2.0-or-later
"""Play all acts inside the laboratory; leave report.json; exit 0 if every act went as told, 1 else.

An act is played even if the one before did not go as told: what it shows is worth seeing too. Only when the
laboratory itself fails does the play end early.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

from lab.acts import ACTS, ActReport
from lab.network import LabError
from lab.site import Site

RESULTS = Path("/run/lab/results")


def play(site: Site, results: Path) -> bool:
    """Play the acts; return whether each of them went as told."""
    reports: list[ActReport] = []
    begun = time.monotonic()
    failure = ""
    try:
        for act in ACTS:
            reports.append(act(site))
            _keep_tables(site, results, act.__name__)
    except LabError as error:
        failure = str(error)
        site.say(f"the laboratory failed: {failure}")
    passed = not failure and all(report["passed"] for report in reports)
    seconds = round(time.monotonic() - begun, 1)
    report = {"passed": passed, "seconds": seconds, "failure": failure, "acts": reports}
    (results / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return passed


def _keep_tables(site: Site, results: Path, act: str) -> None:
    with (results / "ipvs-tables.log").open("a") as log:
        for director in site.directors:
            print(f"{director.name} after {act}\n{director.table()}", file=log)


def main() -> int:
    """Build the site and play."""
    site = Site(RESULTS)
    site.say("two directors, three real servers and a client are on the switch")
    try:
        return 0 if play(site, RESULTS) else 1
    finally:
        shutil.copy(site.client.log_path, RESULTS / "requests.log")


if __name__ == "__main__":
    sys.exit(main())
