# SPDX-License-Identifier: GPL-2.0-or-later
"""`make bench`: what a check costs, beside its peers, in one run. Ratios count; absolute figures are this machine's."""

from __future__ import annotations

import sys

from tests.bench import audit, daemon, flood, four_ways, generate, http, in_process, ldirectord, one_shot, verdict
from tests.bench.site import Site


def main() -> int:
    """Print the tables; exit status 0, whatever they say: a figure is no test."""
    with Site() as site:
        print(one_shot.report(site), flush=True)
        print()
        print(ldirectord.report(site), flush=True)
        print()
        print(in_process.report(site), flush=True)
        print()
        print(http.report(site), flush=True)
        print()
        for line in daemon.lines(site, []):
            print(line, flush=True)
    print()
    print(verdict.report(), flush=True)
    print()
    print(generate.report(), flush=True)
    print()
    print(audit.report(), flush=True)
    print()
    print(flood.report(), flush=True)
    print()
    print(four_ways.report(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
