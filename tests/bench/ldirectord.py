# SPDX-License-Identifier: GPL-2.0-or-later
"""What an external check costs under ldirectord: wrapper, verdict script and raw check, beside /bin/true."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from statistics import median

from lvs_rawcheck.registry.templates import Templates
from tests.bench.site import LAUNCHER, PORT, REAL_SERVER, VIP, Site

ROUNDS = 40
PYTHON = "/usr/bin/python3"
_SERVICE = "web"
_ARGUMENTS = (VIP, str(PORT), REAL_SERVER, str(PORT))
_SERVICE_FILE = f"""\
endpoint = ["{VIP}:{PORT}"]
[[check]]
kind = "tcp"
[[real_server]]
address = "{REAL_SERVER}"
"""

# Runs each command of a list once, as ldirectord's system_timeout does: prints milliseconds of wall time and of CPU,
# those of all its children included.
_SPAWNER = """
import os, sys, time
for command in eval(sys.argv[1]):
    started = time.monotonic()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", 1, 0)])
    _, status, used = os.wait4(pid, 0)
    if status:
        sys.exit(f"failed: {command}")
    print([(time.monotonic() - started) * 1000, (used.ru_utime + used.ru_stime) * 1000])
"""


def report(site: Site) -> str:
    """Return the table: medians over ROUNDS rounds, the variants taking turns."""
    with tempfile.TemporaryDirectory() as folder:
        variants = _variants(Path(folder))
        walls: dict[str, list[float]] = {name: [] for name in variants}
        spent: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(ROUNDS):
            for name, (wall, cpu) in zip(variants, _run_all(site, list(variants.values())), strict=True):
                walls[name].append(wall)
                spent[name].append(cpu)
    lines = [f"an external check of ldirectord, medians of {ROUNDS}   wall ms   CPU ms"]
    lines += [f"  {name:42} {median(walls[name]):9.1f} {median(spent[name]):8.1f}" for name in variants]
    return "\n".join(lines)


def _variants(folder: Path) -> dict[str, list[str]]:
    services, state = folder / "services.d", folder / "state"
    services.mkdir()
    (services / f"{_SERVICE}.toml").write_text(_SERVICE_FILE)
    templates = Templates(str(folder / "no overrides"))
    folders = {"services_folder": str(services), "state_folder": str(state)}
    verdict = templates.render("verdict", python=PYTHON, launcher=str(LAUNCHER), **folders)
    quick = "#!/bin/sh\nexit 0\n"
    wrappers = []
    for name, text in (("quick", quick), ("real", verdict)):
        scripts = folder / name
        scripts.mkdir()
        _program(scripts / "verdict", text)
        values = {"service": _SERVICE, "scripts": str(scripts), "state": None, "deadline": 4.0}
        _program(scripts / _SERVICE, templates.render("ldirectord/wrapper", **values))
        wrappers.append([str(scripts / _SERVICE), *_ARGUMENTS])
    return {
        "/bin/true": ["/bin/true", *_ARGUMENTS],
        "wrapper, and a verdict that says 0 at once": wrappers[0],
        "verdict script alone": [str(folder / "real" / "verdict"), f"{_SERVICE}/{REAL_SERVER}"],
        "wrapper and verdict script": wrappers[1],
    }


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def _run_all(site: Site, commands: list[list[str]]) -> list[tuple[float, float]]:
    """Return wall and CPU milliseconds of each command, run once, all of which must succeed."""
    spawner = [PYTHON, "-I", "-S", "-c", _SPAWNER, repr(commands)]
    with site.director.entered():
        printed = subprocess.run(spawner, stdout=subprocess.PIPE, check=True, text=True).stdout
    return [(wall, cpu) for wall, cpu in map(json.loads, printed.splitlines())]
