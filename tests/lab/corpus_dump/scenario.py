# SPDX-License-Identifier: GPL-2.0-or-later
"""Start keepalived on each configuration, before and after, and keep what it says of itself.

Prints one JSON object for each start: the site and its side, whether VRRP took part, why there is no dump (null where
there is one), seconds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from lab.network import load_modules

from tests.lab.corpus_dump.machine import STUB, Machine
from tests.lab.corpus_dump.places import AFTER, BEFORE, PROGRAM, SITES, TOOLS

RESULTS = Path("/run/lab/results")
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "fo", "ovf", "mh")
MODULES = ("ip_vs", *(f"ip_vs_{name}" for name in SCHEDULERS), "dummy", "macvlan", "ipv6")
WITHOUT_VRRP = "-C"


def install_scripts() -> None:
    """Put something that keepalived can run where the stanzas and notify lines look for it."""
    Path(TOOLS).mkdir()
    for path in (f"{TOOLS}/verdict", f"{TOOLS}/notify", PROGRAM):
        Path(path).write_bytes(STUB)
        Path(path).chmod(0o755)


def look(site: Path, side: str, *options: str) -> str | None:
    """Start keepalived on one side of a site, keep its dumps; return why there are none, None where there are."""
    begun = time.monotonic()
    machine = Machine(site / side)
    try:
        machine.start(*options)
        dumps, fault = machine.dumps()
    finally:
        machine.end()
    for name, text in dumps.items():
        (site / f"{side}.{name}").write_bytes(text)
    (site / f"{side}{''.join(options)}.log").write_bytes(machine.log())
    told = {"site": site.name, "side": side, "vrrp": WITHOUT_VRRP not in options, "fault": fault}
    print(json.dumps({**told, "seconds": round(time.monotonic() - begun, 2)}), flush=True)
    return fault


def main() -> int:
    """Look at all sites; where keepalived does not start on what a site was with VRRP, without it."""
    load_modules(*MODULES)
    install_scripts()
    for site in sorted((RESULTS / SITES).iterdir()):
        for options in ((), (WITHOUT_VRRP,)):
            if look(site, BEFORE, *options) is None:
                look(site, AFTER, *options)
                break
    return 0


if __name__ == "__main__":
    sys.exit(main())
