# SPDX-License-Identifier: GPL-2.0-or-later
"""A passing check starts in milliseconds because it loads little: what it must not load, asked of a real run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.site import PORT, REAL_IP, REAL_IP6, VIP, VIP6, Site
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

LAUNCHER = Path(__file__).parents[1] / "lvs_rawcheck" / "cli" / "launcher.py"
# Each alone costs a good part of what a whole check may; and what only a failing check, or no check, needs.
FORBIDDEN = {
    *("argparse", "socket", "enum", "dataclasses", "logging", "re", "typing", "ipaddress", "json", "collections"),
    *("ctypes", "contextlib", "functools", "datetime", "subprocess", "tomllib", "ssl", "h11", "rich", "scapy"),
    *("array", "signal", "random", "hashlib", "importlib.metadata", "inspect", "threading", "traceback"),
    *("faulthandler", "lvs_rawcheck.checks.patterns"),
    *("lvs_rawcheck.diagnose", "lvs_rawcheck.generate", "lvs_rawcheck.daemon", "lvs_rawcheck.cli.packet_lines"),
    *("lvs_rawcheck.checks.standard", "lvs_rawcheck.checks.local", "lvs_rawcheck.checks.icmp_errors"),
    *("lvs_rawcheck.neighbor.resolver", "lvs_rawcheck.link.nudge", "lvs_rawcheck.link.tracer"),
}
# Runs the launcher as itself, then tells what is loaded.
TELL = """
import sys
sys.argv = sys.argv[1:]
try:
    exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), {"__name__": "__main__", "__file__": sys.argv[0]})
except SystemExit as end:
    status = end.code
print(status)
print("[" + ",".join('"%s"' % name for name in sys.modules) + "]")
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


@pytest.mark.parametrize(("real_server", "vip"), [(REAL_IP, VIP), (REAL_IP6, VIP6)], ids=["IPv4", "IPv6"])
def test_a_passing_check_loads_little(site: Site, tmp_path: Path, real_server: str, vip: str) -> None:
    command = [str(LAUNCHER), "check", "tcp", "--state", str(tmp_path), "--services", str(tmp_path)]
    interpreter = [sys.executable, "-I", "-S", "-c", TELL]
    site.director.run([*interpreter, *command, real_server, vip, PORT])  # after it the kernel has its neighbour entry
    done = site.director.run([*interpreter, *command, real_server, vip, PORT])
    verdict, status, modules = done.stdout.splitlines()
    assert (status, verdict.endswith("up: connected")) == ("0", True)
    loaded = set(json.loads(modules))
    assert "lvs_rawcheck.checks.driver" in loaded, "the raw check was not run here"
    assert loaded & FORBIDDEN == set()
