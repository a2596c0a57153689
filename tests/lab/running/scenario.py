# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py: in the laboratory, a keepalived with checkers of every shape; prints what it and the kernel say."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from lab.director import SystemLog
from lab.network import Host, Network, load_modules, wait_until

from lvs_rawcheck.director.ipvs import parse_table
from lvs_rawcheck.wire.address import parse_address
from tests.lab.running.shapes import CONFIG, DIRECTOR, OTHER, REAL, SCRIPT, VIP

RESULTS = Path("/run/lab/results")
FOLDER = "/opt/lvs-rawcheck/tests/lab/running"
PYTHON = "/usr/bin/python3"
SETTLE_SECONDS = 60.0
MODULES = ("ip_vs", "ip_vs_rr", "ip_vs_wrr", "ipv6")


def has_judged(director: Host) -> bool:
    """Return whether one server of the VIP's port 80 has left the table, and another is quiesced in it."""
    servers = parse_table(director.net_file("ip_vs").encode()).services.get(("tcp", parse_address(VIP), 80), {})
    other = servers.get((parse_address(OTHER), 80))
    return other is not None and other.weight == 0 and (parse_address(REAL), 80) not in servers


def main() -> int:
    """Start keepalived, wait until it has judged, print what it says twice."""
    load_modules(*MODULES)
    network = Network(RESULTS)
    director = network.add_host("director", DIRECTOR)
    SystemLog(director, RESULTS / "director-syslog.log")
    (director.run_folder / "keepalived.conf").write_text(CONFIG)
    script = director.run_folder / Path(SCRIPT).name
    script.write_text('#!/bin/sh\nexit "$1"\n')
    script.chmod(0o755)
    (director.run_folder / "switch").write_text("0\n")
    keepalived = director.start("keepalived", "-C", "-n", "-l", "-D", "-f", "/run/keepalived.conf")
    if not wait_until(lambda: has_judged(director), SETTLE_SECONDS, 0.2):
        sys.exit("keepalived has not judged")
    # What somebody else has left in /tmp is neither in keepalived's way nor believed.
    Path("/tmp/keepalived_check.data").symlink_to("/etc/passwd")
    Path("/tmp/keepalived_check.other.data").write_text("------< Global definitions >------\n")
    for _ in range(2):
        print(director.run(PYTHON, "-m", "tests.lab.running.ask", limit_s=60.0).strip())
    shutil.copyfile("/tmp/keepalived_check.data", RESULTS / "keepalived_check.data")
    (RESULTS / "ip_vs").write_text(director.net_file("ip_vs"))
    keepalived.stop()
    after = director.execute(PYTHON, "-m", "tests.lab.running.ask", limit_s=60.0)
    print(json.dumps({"status": after.returncode, "stderr": after.stderr}))
    network.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
