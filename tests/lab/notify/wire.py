# SPDX-License-Identifier: GPL-2.0-or-later
"""wire.py FILE: on a director, plan the configuration, put the plan in its place, seed the role files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lvs_rawcheck.generate.keepalived.planner import plan_keepalived
from lvs_rawcheck.generate.keepalived.seeding import roles_now, write_roles
from lvs_rawcheck.generate.options import PlanOptions
from tests.lab.notify.shapes import SCRIPTS


def main(file: str) -> None:
    """Do it, and print what was done."""
    plan = plan_keepalived(file, PlanOptions(scripts=SCRIPTS), "lb", (2, 2, 7), lambda: None)
    found = roles_now(wiring.instance for wiring in plan.wired.values())
    seeded = write_roles(found, "/run/lvs-rawcheck")
    for path, octets in plan.result().items():
        Path(path).write_bytes(octets)
    again = plan_keepalived(file, PlanOptions(scripts=SCRIPTS), "lb", (2, 2, 7), lambda: None)
    role_files = {name: service.settings["role_file"] for name, service in plan.services.items()}
    print(
        json.dumps(
            {
                "warnings": plan.warnings,
                "seeded": seeded,
                "unknown": found.unknown,
                "role_files": role_files,
                "again": list(again.result()),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
