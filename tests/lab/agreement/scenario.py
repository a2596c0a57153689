# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py: in the laboratory, what keepalived makes of each row, then what ours makes of it.

Prints one JSON object a row: name, keepalived (bool), ours (the object of `--json`).
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from lab.director import SystemLog
from lab.network import Host, Network, load_modules, wait_until

from tests.lab.agreement.keepalived_conf import keepalived_conf
from tests.lab.agreement.rows import CONNECT_TIMEOUT, DIRECTOR, REAL, ROWS, VIP, port_of

RESULTS = Path("/run/lab/results")
FOLDER = "/opt/lvs-rawcheck/tests/lab/agreement"
PYTHON = "/usr/bin/python3"
READY_SECONDS = 20.0
ROUNDS_SECONDS = 90.0
SETTLE_SECONDS = CONNECT_TIMEOUT + 3.0  # after the last request that was awaited: for its answer, or its silence


def ports_in_table(director: Host) -> set[int]:
    """Return the ports of the virtual servers that have a real server in the kernel's table now."""
    found, port = set(), 0
    for line in director.net_file("ip_vs").splitlines():
        if match := re.match(r"TCP +[0-9A-F]{8}:([0-9A-F]{4})", line):
            port = int(match[1], 16)
        elif re.match(r" +-> [0-9A-F]{8}:[0-9A-F]{4}", line):
            found.add(port)
    return found


def judged_by_keepalived(director: Host, requests: Path) -> set[int]:
    """Return the ports that keepalived's checkers have passed, each having asked for every url at least once."""
    config = director.run_folder / "keepalived.conf"
    config.write_text(keepalived_conf(ROWS))
    keepalived = director.start("keepalived", "-C", "-n", "-l", "-D", "-f", "/run/keepalived.conf")

    def all_asked() -> bool:
        asked = Counter(map(int, requests.read_text().split()))
        return all(asked[port_of(row)] >= len(row.urls) + 1 for row in ROWS)

    if not wait_until(all_asked, ROUNDS_SECONDS, 0.2):
        asked = Counter(map(int, requests.read_text().split()))
        late = [row.name for row in ROWS if asked[port_of(row)] <= len(row.urls)]
        print(json.dumps({"never asked": late}), file=sys.stderr)
    time.sleep(SETTLE_SECONDS)  # no event tells that a timer of keepalived's has run out
    passed = ports_in_table(director)
    keepalived.stop()
    return passed


def main() -> int:
    """Build director and real server, ask both, print what they say."""
    load_modules("ip_vs", "ip_vs_rr")
    network = Network(RESULTS)
    director, real = network.add_host("director", DIRECTOR), network.add_host("real", REAL)
    SystemLog(director, RESULTS / "director-syslog.log")
    director.run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")
    real.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
    real.run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")
    shutil.copyfile(f"{RESULTS}/server.pem", real.run_folder / "server.pem")  # a host has a /run of its own
    requests = real.run_folder / "requests"
    real.start(PYTHON, f"{FOLDER}/responder.py", "/run/server.pem", "/run/requests")
    if not wait_until(requests.exists, READY_SECONDS):
        sys.exit("the responder does not listen")
    passed = judged_by_keepalived(director, requests)
    ours = director.run(PYTHON, f"{FOLDER}/ours.py", limit_s=300.0)
    for line in ours.splitlines():
        told = json.loads(line)
        told["keepalived"] = told["port"] in passed
        print(json.dumps(told))
    network.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
