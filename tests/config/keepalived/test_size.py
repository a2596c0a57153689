# SPDX-License-Identifier: GPL-2.0-or-later
"""The largest site that was ever reported: 2,300 virtual servers with 37,000 real servers."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

VIRTUALS = 2300
SERVERS_EACH = 16
SECONDS_MAX = 12.0  # twice what it takes here
KIBIBYTES_MAX = 400 * 1024
STANZA = "TCP_CHECK {\nconnect_timeout 3\nretry 2\ndelay_before_retry 1\n}\n"
PROGRAM = "import sys; from lvs_rawcheck.config.keepalived import read_keepalived as r; r(sys.argv[1])"


def site(virtuals: int) -> str:
    """Return a configuration of that many virtual servers."""
    parts = []
    for virtual in range(virtuals):
        net = f"10.{virtual // 250}.{virtual % 250}"
        parts.append(f"virtual_server {net}.100 80 {{\ndelay_loop 5\nlb_kind DR\nprotocol TCP\n")
        for server in range(SERVERS_EACH):
            parts.append(f"    real_server {net}.{server + 1} 80 {{\n        weight 1\n{STANZA}    }}\n")
        parts.append("}\n")
    return "".join(parts)


def seconds_for(path: Path) -> float:
    """Return the processor time of a process that reads a configuration: what else this machine does, counts less."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([sys.executable, "-c", PROGRAM, str(path)], check=True, timeout=120)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


@pytest.mark.full
def test_the_largest_site(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.conf", tmp_path / "part.conf"
    whole.write_text(site(VIRTUALS))
    part.write_text(site(VIRTUALS // 8))
    short, long = seconds_for(part), seconds_for(whole)
    assert long < SECONDS_MAX
    assert long < 8 * short * 1.6, "time grows faster than the text"
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < KIBIBYTES_MAX
