# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of a machine: it boots on its disk, which stays as it was, the scenario is played, it is switched off."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lab.boot import run_kernel

from tests.lab.machine.base import base
from tests.package.build import CHECKOUT, built

NEXT = "0.1.0+next"
"""The version that is upgraded to."""
LIMIT_S = 500.0  # half of it, where nothing else keeps the host busy
_HERE = Path(__file__).resolve().parent


class Visit:
    """What a machine left behind. results: the folder with all that it wrote."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self.steps: dict[str, dict[str, Any]] = {}
        for line in self.text("told").splitlines():
            told = json.loads(line)
            self.steps[told["step"]] = told

    def text(self, name: str) -> str:
        """Return a file that was written in there; nothing if it was not."""
        path = self._results / name
        return path.read_text(errors="replace") if path.exists() else ""

    def lines(self, name: str) -> set[str]:
        """Return the lines of such a file."""
        return set(self.text(name).splitlines())

    def seconds(self, begin: str, end: str) -> float:
        """Return what passed between two readings of the machine's uptime."""
        return round(float(self.text(end)) - float(self.text(begin)), 1)

    def pulled_kb(self) -> dict[str, int]:
        """Return the packages that were installed with ours, and ours, and what each occupies by its own word."""
        lines = self.lines("packages.installed") - self.lines("packages.before")
        return {package: int(size) for package, size in (line.split() for line in lines)}

    def left(self) -> set[str]:
        """Return the paths that are there in the end, were not in the beginning, and are no package's."""
        owned = {_merged(path) for path in self.lines("owned")}
        found = {line.partition("\t")[0] for line in self.lines("files.after") - self.lines("files.before")}
        return {path for path in found - owned if "/__pycache__" not in path or "lvs" in path}


def _merged(path: str) -> str:
    """Return where a path of a package is, /bin, /sbin and /lib being links into /usr."""
    return f"/usr{path}" if path.startswith(("/bin/", "/sbin/", "/lib/")) else path


def visits(programs: Sequence[str], folder: Path) -> dict[str, Visit]:
    """Boot a machine with each program (keepalived, ldirectord), all at once; let the scenario be played in there."""
    disks = [base(program) for program in programs]
    packages = (built(), built(NEXT))
    with ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(_visit, program, disk, packages, folder / program)
            for program, disk in zip(programs, disks, strict=True)
        ]
    return {program: run.result() for program, run in zip(programs, runs, strict=True)}


def _visit(program: str, disk: Path, packages: Sequence[Path], results: Path) -> Visit:
    results.mkdir()
    # Named outright, as `ubd` and the kernel's command line want a path without blank or comma.
    work = Path(tempfile.mkdtemp(prefix="lvs-rawcheck-machine-", dir="/tmp"))
    try:
        (work / "base").symlink_to(disk)
        _pack(work / "machine", program, packages)
        (work / "machine" / "results").symlink_to(results.resolve())
        # What is written goes to a file of its own.
        words = (f"ubd0={work}/written,{work}/base", "root=/dev/ubda", "rw", f"MACHINE={work}/machine")
        run_kernel(words, work, results / "console.log", LIMIT_S)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Visit(results)


def _pack(folder: Path, program: str, packages: Sequence[Path]) -> None:
    """Put into a folder what the machine is given: the packages, and the code of the scenario, nothing of ours."""
    for code in ("tests/lab/machine", "examples/lab"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / code, folder / "code" / code.removeprefix("examples/"), ignore=ignored)
    shutil.copy(_HERE / "begin", folder)
    (folder / "program").write_text(program)
    for name, package in zip(("current", "next"), packages, strict=True):
        (folder / name).mkdir()
        shutil.copy(package, folder / name)
