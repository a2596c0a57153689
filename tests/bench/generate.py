# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck generate keepalived` on a configuration as large as they get, and on a quarter and a half of it.

The largest that keepalived's own release notes speak of has 2,277 virtual servers and 37,205 real servers
(Release-2.3.0.md). A plan may take 15 s and 600 MB here, and must not grow faster than the file.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.site import LAUNCHER

VIRTUAL_SERVERS = 2300
REAL_SERVERS = 37000
INSTANCES = 23
PARTS = (0.25, 0.5, 1.0)
LIMIT_SECONDS = 15.0
LIMIT_MIB = 600e6 / (1 << 20)
PYTHON = "/usr/bin/python3"

# Runs one command: prints its wall and CPU seconds and its peak KiB. A small process of its own, since the kernel
# counts the memory of whoever forked a process as its first peak.
_TIMER = """
import os, sys, time
began = time.monotonic()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", 1, 0)])
_, status, used = os.wait4(pid, 0)
if os.waitstatus_to_exitcode(status) != 1:  # changes are planned
    sys.exit(f"failed: {sys.argv[1:]}")
print([time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss])
"""

_TCP_CHECK = """\
        TCP_CHECK {
            connect_timeout 3
        }
"""
_HTTP_GET = """\
        HTTP_GET {
            url {
                path /health
                status_code 200
            }
            connect_timeout 3
            retry 2
        }
"""


def vip_of(number: int) -> str:
    """Return the VIP of a virtual server."""
    return f"10.1.{number // 250}.{number % 250 + 1}"


def configuration(virtual_servers: int, real_servers: int) -> Iterator[str]:
    """Yield a keepalived.conf, a block each: two virtual servers of three ask over TCP, one over HTTP."""
    instances = max(1, INSTANCES * virtual_servers // VIRTUAL_SERVERS)
    for instance in range(instances):
        vips = "\n".join(f"        {vip_of(number)}/32" for number in range(instance, virtual_servers, instances))
        yield f"vrrp_instance VI_{instance} {{\n    interface eth0\n    virtual_router_id {instance + 1}\n"
        yield f"    virtual_ipaddress {{\n{vips}\n    }}\n}}\n"
    for number in range(virtual_servers):
        yield f"virtual_server {vip_of(number)} 80 {{\n    delay_loop 10\n    lb_algo wlc\n    lb_kind DR\n"
        yield "    protocol TCP\n"
        first, end = (real_servers * each // virtual_servers for each in (number, number + 1))
        for server in range(first, end):
            address = f"10.{2 + server // 62500}.{server // 250 % 250}.{server % 250 + 1}"
            yield f"    real_server {address} 80 {{\n        weight 1\n"
            yield (_HTTP_GET if number % 3 == 2 else _TCP_CHECK) + "    }\n"
        yield "}\n"


def report() -> str:
    """Return the table: one run each, seconds by the clock and of CPU, peak of memory."""
    lines = [
        f"generate keepalived, {VIRTUAL_SERVERS} virtual servers with {REAL_SERVERS} real servers, and parts of it",
        "  real servers      MB   wall s    CPU s   ms CPU a server   peak MiB",
    ]
    with tempfile.TemporaryDirectory(prefix="lvs-rawcheck-bench-") as folder:
        for part in PARTS:
            file = Path(folder, f"keepalived-{part}.conf")
            servers = round(REAL_SERVERS * part)
            file.write_text("".join(configuration(round(VIRTUAL_SERVERS * part), servers)))
            wall, spent, peak = _run(file)
            figures = f"{wall:8.1f} {spent:8.1f} {spent / servers * 1000:17.3f} {peak:10.0f}"
            lines.append(f"  {servers:12} {file.stat().st_size / 1e6:7.1f} {figures}")
        lines.append(f"  allowed      {'':7} {LIMIT_SECONDS:8.1f} {'':8} {'':17} {LIMIT_MIB:10.0f}")
    return "\n".join(lines)


def _run(file: Path) -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds and the peak in MiB of one plan, table and diff included."""
    folders = [f"--{name}={file.parent}/{name}" for name in ("services", "state", "templates")]
    command = [PYTHON, "-I", "-S", str(LAUNCHER), "generate", "keepalived", str(file), *folders]
    timer = [PYTHON, "-I", "-S", "-c", _TIMER, *command]
    printed = subprocess.run(timer, stdout=subprocess.PIPE, check=True, text=True, env=dict(os.environ)).stdout
    wall, spent, kibibytes = json.loads(printed)
    return wall, spent, kibibytes / 1024
