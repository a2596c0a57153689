# SPDX-License-Identifier: GPL-2.0-or-later
"""loss.py: https over a bad wire, by raw checks and by kernel sockets with the ssl module, turn and turn about.

The wire: 20 % of all frames lost each way, some out of order, some twice (netem). Prints one JSON object: how many of
how many checks failed, and of ours why.
"""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.network import Network, load_modules, wait_until

from lvs_rawcheck.link.rtnetlink import Netlink
from tests.bench.http import maker
from tests.bench.in_process import Bench
from tests.bench.site import DIRECTOR, HTTPS_PORT, REAL_SERVER, VIP

RESULTS = Path("/run/lab/results")
BAD_WIRE = ("delay", "4ms", "2ms", "loss", "20%", "duplicate", "5%", "reorder", "20%", "50%")
IN_FLIGHT = 25
SHORT, LONG = 8.0, 30.0  # seconds
ROUNDS = 6
CHECKS = 100  # a round, of each
LONG_CHECKS = 150
_NGINX = f"""
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    ssl_certificate server.pem; ssl_certificate_key server.pem;
    server {{ listen {HTTPS_PORT} ssl backlog=512; default_type text/plain; return 200 "{"0123456789abcdef" * 64}"; }}
}}
"""


def kernel_check(context: ssl.SSLContext, seconds: float) -> bool:
    """Return whether the page came in time, over the kernel's TCP and to the server's own address."""
    deadline = time.monotonic() + seconds
    try:
        with socket.create_connection((REAL_SERVER, HTTPS_PORT), timeout=seconds) as plain:
            plain.settimeout(max(deadline - time.monotonic(), 0.001))
            with context.wrap_socket(plain) as stream:
                stream.settimeout(max(deadline - time.monotonic(), 0.001))
                stream.send(b"GET / HTTP/1.0\r\nHost: loss\r\n\r\n")
                answer = b""
                while len(answer) < 1024:
                    stream.settimeout(max(deadline - time.monotonic(), 0.001))
                    octets = stream.recv(65536)
                    if not octets:
                        return False
                    answer += octets
        return time.monotonic() <= deadline
    except OSError:
        return False


def kernel_failures(checks: int, seconds: float) -> int:
    """Return how many of so many checks failed, IN_FLIGHT at a time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        return list(pool.map(lambda _: kernel_check(context, seconds), range(checks))).count(False)


def compare() -> None:
    """Run both, on the director; print what came of it."""
    why: Counter[str] = Counter()
    kernel = 0
    with Netlink() as netlink:
        bench = Bench(netlink, IN_FLIGHT, maker("https"), HTTPS_PORT)
        for _ in range(ROUNDS):
            kernel += kernel_failures(CHECKS, SHORT)
            why.update(verdict.reason for verdict in bench.failures(CHECKS, SHORT))
        long_failures = [verdict.detail for verdict in bench.failures(LONG_CHECKS, LONG)]
        bench.close()
    short = {"checks": ROUNDS * CHECKS, "kernel": kernel, "raw": sum(why.values()), "why": dict(why)}
    print(json.dumps({"short": short, "long": {"checks": LONG_CHECKS, "raw": long_failures}}))


def main() -> int:
    """Build the site, spoil the wire, compare."""
    load_modules("sch_netem")
    network = Network(RESULTS)
    director, real = network.add_host("director", DIRECTOR), network.add_host("real", REAL_SERVER)
    director.run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")
    real.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1")
    real.run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")
    (real.run_folder / "nginx.conf").write_text(_NGINX)
    pem = real.run_folder / "server.pem"
    subject = ("-subj", "/CN=loss", "-keyout", str(pem), "-out", str(pem))
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject)
    subprocess.run(command, check=True, capture_output=True)
    nginx = real.start("nginx", "-p", "/run", "-c", "/run/nginx.conf")
    listening = wait_until(lambda: f":{HTTPS_PORT:04X} 00000000:0000 0A" in real.net_file("tcp"), 20.0)
    if not listening or not nginx.running():
        sys.exit("nginx does not listen")
    for host in (director, real):
        host.run("tc", "qdisc", "add", "dev", "eth0", "root", "netem", *BAD_WIRE)
    print(director.run("/usr/bin/python3", __file__, "compare", limit_s=500.0), end="")
    nginx.stop()
    network.close()
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["compare"]:
        compare()
    else:
        sys.exit(main())
