# SPDX-License-Identifier: GPL-2.0-or-later
"""Closing a packet socket takes the kernel tens of milliseconds: a check opens one, once, whatever it checks."""

import sys
from pathlib import Path

import pytest

from tests.cli.site import CLOSED_PORT, NOBODY_IP, PORT, REAL_IP, VIP, Site

pytestmark = pytest.mark.netns

LAUNCHER = Path(__file__).parents[2] / "lvs_rawcheck" / "cli" / "launcher.py"
# Runs the launcher as itself, then tells how many packet sockets the interpreter was asked for.
COUNT = """
import sys
AF_PACKET = 17
opened = []
sys.addaudithook(lambda event, arguments: event == "socket.__new__" and opened.append(arguments[1]))
sys.argv = sys.argv[1:]
try:
    exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), {"__name__": "__main__", "__file__": sys.argv[0]})
except SystemExit as end:
    print(opened.count(AF_PACKET), end.code)
"""


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ((REAL_IP, VIP, PORT), "0"),
        ((REAL_IP, VIP, CLOSED_PORT), "1"),
        ((REAL_IP, f"{VIP}:{PORT},{VIP}:{CLOSED_PORT},10.0.0.101:80"), "1"),
        ((NOBODY_IP, VIP, PORT), "1"),
    ],
    ids=["up", "refused", "several endpoints", "nobody there"],
)
def test_one_packet_socket(site: Site, tmp_path: Path, words: tuple[str, ...], status: str) -> None:
    folders = ["--state", str(tmp_path), "--services", str(tmp_path)]
    command = [sys.executable, "-I", "-S", "-c", COUNT, str(LAUNCHER), "check", "tcp", "-t", "0.5", *folders, *words]
    done = site.director.run(command, check=False)
    assert done.stdout.splitlines()[-1] == f"1 {status}", done.stdout + done.stderr
