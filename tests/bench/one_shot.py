# SPDX-License-Identifier: GPL-2.0-or-later
"""A process a check: CPU seconds of the whole process, and its peak of memory."""

from __future__ import annotations

import json
import subprocess
from statistics import median

from tests.bench.site import CABLE, DIRECTOR, HTTP_PORT, LAUNCHER, PORT, REAL_SERVER, VIP, Site

ROUNDS = 40
PYTHON = "/usr/bin/python3"

_KERNEL_CONNECT = f"""
import _socket
s = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
s.connect(("{REAL_SERVER}", {PORT}))
s.close()
"""

# The raw check as one would write it in an afternoon: no retransmission, no guard, no verdict but this one.
_SCAPY = f"""
import sys
from random import randrange
from scapy.config import conf
conf.use_pcap = False
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether, getmacbyip
from scapy.sendrecv import sendp, srp1
port = randrange(20000, 30000)
to = Ether(dst=getmacbyip("{REAL_SERVER}")) / IP(dst="{VIP}", src="{DIRECTOR}")
answer = srp1(to / TCP(sport=port, dport={PORT}, flags="S", seq=1), iface="{CABLE}", timeout=2, verbose=False)
healthy = answer is not None and TCP in answer and answer[TCP].flags == "SA"
if healthy:
    farewell = TCP(sport=port, dport={PORT}, flags="RA", seq=2, ack=answer[TCP].seq + 1)
    sendp(to / farewell, iface="{CABLE}", verbose=False)
sys.exit(not healthy)
"""

_CHECK = [PYTHON, "-I", "-S", str(LAUNCHER), "check"]
_HTTP = [REAL_SERVER, VIP, str(HTTP_PORT), "--path", "/index.html"]
VARIANTS = {
    "python3 -I -S -c pass": [PYTHON, "-I", "-S", "-c", "pass"],
    "kernel connect, python3 -I -S": [PYTHON, "-I", "-S", "-c", _KERNEL_CONNECT],
    "lvs-rawcheck check tcp": [*_CHECK, "tcp", REAL_SERVER, VIP, str(PORT)],
    "lvs-rawcheck check http": [*_CHECK, "http", *_HTTP],
    "python3 -I -c 'import h11'": [PYTHON, "-I", "-c", "import h11"],
    "python3 -I -c pass": [PYTHON, "-I", "-c", "pass"],
    "a dozen lines of scapy": [PYTHON, "-c", _SCAPY],
}
BARE = "python3 -I -S -c pass"

# Runs each command of a list once: prints CPU milliseconds and peak KiB of each. A small process of its own, since the
# kernel counts the memory of whoever forked a process as its first peak.
_SPAWNER = """
import os, sys
for command in eval(sys.argv[1]):
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", 1, 0)])
    _, status, used = os.wait4(pid, 0)
    if status:
        sys.exit(f"failed: {command}")
    print([(used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss])
"""


def report(site: Site) -> str:
    """Return the table: medians over ROUNDS rounds, the variants taking turns."""
    milliseconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    kibibytes: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, (spent, peak) in zip(VARIANTS, _run_all(site), strict=True):
            milliseconds[name].append(spent)
            kibibytes[name] = max(peak, kibibytes.get(name, 0.0))
    bare = median(milliseconds[BARE])
    lines = [f"one process a check, medians of {ROUNDS}            CPU ms   x bare   peak MiB"]
    for name in VARIANTS:
        spent = median(milliseconds[name])
        lines.append(f"  {name:38} {spent:14.1f} {spent / bare:8.2f} {kibibytes[name] / 1024:10.1f}")
    return "\n".join(lines)


def _run_all(site: Site) -> list[tuple[float, float]]:
    """Return CPU milliseconds and peak KiB of each variant, run once, all of which must succeed."""
    spawner = [PYTHON, "-I", "-S", "-c", _SPAWNER, repr(list(VARIANTS.values()))]
    with site.director.entered():
        printed = subprocess.run(spawner, stdout=subprocess.PIPE, check=True, text=True).stdout
    return [(spent, peak) for spent, peak in map(json.loads, printed.splitlines())]
