# SPDX-License-Identifier: GPL-2.0-or-later
"""A case: a folder with a configuration, the options, and what is expected of the plan.

before.conf    the configuration; other files that it includes beside it
options        further words of the command line, STATE standing for the state folder's path
after/         what its files are to become
report.json    what --json says, FILE standing for the configuration's path
services/      the service files, without their first line, if they are to be looked at
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lvs_rawcheck import clock
from lvs_rawcheck.cli.generate import Planned, plan_by
from lvs_rawcheck.cli.options import parse
from lvs_rawcheck.cli.plan_options import PLAN_OPTIONS
from lvs_rawcheck.cli.write_options import WRITE_OPTIONS
from lvs_rawcheck.generate.report import to_json

CASES = Path(__file__).parent / "cases"
FILE = "FILE"


@dataclass(frozen=True, slots=True)
class Desk:
    """A case on a desk of its own. conf: the configuration; services: the registry's folder."""

    conf: Path
    services: Path
    options: tuple[str, ...]

    @property
    def state(self) -> Path:
        """Where the daemon's files are."""
        return self.conf.parent.parent / "run"

    def plan(self, *more: str) -> Planned:
        """Return the plan for the configuration as it now is."""
        words = ("keepalived", str(self.conf), "--services", str(self.services), *self.options, *more)
        return plan_by(parse(words, (*PLAN_OPTIONS, *WRITE_OPTIONS)))

    def carry_out(self, planned: Planned) -> None:
        """Put the planned configuration and service files in their places."""
        for path, octets in planned.plan.result().items():
            Path(path).write_bytes(octets)
        for name, octets in planned.registry.written.items():
            (self.services / f"{name}.toml").write_bytes(octets)
        self.have_verdicts(check.track_file for server in planned.plan.servers for check in server.checks)

    def have_verdicts(self, check_ids: Iterable[str]) -> None:
        """Do what a living daemon does for checks that pass; "" is none."""
        for folder in ("track", "daemon"):
            (self.state / folder).mkdir(parents=True, exist_ok=True)
        (self.state / "daemon" / "alive").write_text(f"{int(clock.uptime())} 64\n")
        for check_id in filter(None, check_ids):
            (self.state / "track" / check_id.replace("/", "@")).write_text("0\n")

    def report(self, planned: Planned) -> object:
        """Return what --json says, without the place of the desk."""
        return json.loads(self.placeless(json.dumps(to_json(planned.plan)).encode()))

    def files(self, planned: Planned) -> dict[str, bytes]:
        """Return the configuration's files as they will be, by name, without the place of the desk."""
        now = planned.plan.octets | planned.plan.result()
        return {str(Path(path).relative_to(self.conf.parent)): self.placeless(octets) for path, octets in now.items()}

    def placeless(self, octets: bytes) -> bytes:
        """Return octets with words in the place of the desk's paths."""
        for path, word in (
            (self.conf, FILE),
            (self.conf.parent, "FOLDER"),
            (self.services, "SERVICES"),
            (self.state, "STATE"),
        ):
            octets = octets.replace(str(path).encode(), word.encode())
        return octets


def lay_out(case: Path, folder: Path) -> Desk:
    """Copy a case to a folder, where it may be changed."""
    etc, services = folder / "etc", folder / "services.d"
    shutil.copytree(case, etc, ignore=shutil.ignore_patterns("services", "after", "options", "report.json"))
    services.mkdir()
    conf = etc / "keepalived.conf"
    (etc / "before.conf").rename(conf)
    words = shlex.split((case / "options").read_text())
    return Desk(conf, services, tuple(word.replace("STATE", str(folder / "run")) for word in words))


def service_texts(desk: Desk, planned: Planned) -> dict[str, str]:
    """Return the planned service files by name, without the line that holds their digest."""
    return {
        f"{name}.toml": desk.placeless(octets).decode().partition("\n")[2]
        for name, octets in planned.registry.written.items()
    }
