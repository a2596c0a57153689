# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon's verdict costs keepalived: the script, which starts no other process, beside an empty shell."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from statistics import median

from lvs_rawcheck.clock import now
from lvs_rawcheck.daemon.health import UP
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.daemon.verdict_files import VerdictFiles
from lvs_rawcheck.director.role import MASTER
from lvs_rawcheck.registry.templates import Templates

ROUNDS = 300
_SERVICE, _REAL_SERVER = "tcp-10.0.0.100-80", "10.0.0.42"
_EMPTY = "/bin/sh -c :"


def report() -> str:
    """Return the table: medians over ROUNDS rounds, the variants taking turns."""
    with tempfile.TemporaryDirectory() as name:
        variants = {_EMPTY: ["/bin/sh", "-c", ":"], "verdict ID, the daemon's is fresh": _verdict(Path(name))}
        spent: dict[str, list[float]] = {variant: [] for variant in variants}
        for _ in range(ROUNDS):
            for variant, command in variants.items():
                spent[variant].append(_cpu_ms(command))
    empty = median(spent[_EMPTY])
    lines = [f"the daemon's verdict for a shell, medians of {ROUNDS}   CPU ms   x empty"]
    for variant, milliseconds in spent.items():
        lines.append(f"  {variant:44} {median(milliseconds):9.2f} {median(milliseconds) / empty:9.2f}")
    return "\n".join(lines)


def _verdict(folder: Path) -> list[str]:
    """Return the command, its verdict as fresh as it stays for the time of a bench."""
    role_file = folder / "role"
    role_file.write_text("1 MASTER 48211 1422 2f8a0d0c-31a5-4a0c-9d0a-4f6c2b1a7e55\n")
    state = CheckState(_SERVICE, _REAL_SERVER, 600.0, str(role_file))
    state.state, state.reason, state.path, state.role, state.judged_at = UP, "ok", "raw", MASTER, now()
    files = VerdictFiles(str(folder))
    files.note(state, now())
    files.close()
    script = folder / "verdict.sh"
    values = {"python": "/no/python", "launcher": "/no/launcher", "services_folder": "/no/services"}
    script.write_text(Templates(str(folder / "no overrides")).render("verdict", state_folder=str(folder), **values))
    script.chmod(0o755)
    return [str(script), f"{_SERVICE}/{_REAL_SERVER}"]


def _cpu_ms(command: list[str]) -> float:
    _, status, used = os.wait4(os.posix_spawn(command[0], command, os.environ), 0)
    if status:
        raise SystemExit(f"failed: {command}")
    return float(used.ru_utime + used.ru_stime) * 1000
