# SPDX-License-Identifier: GPL-2.0-or-later
"""A site in a folder: a configuration, the scripts of ours, a registry, and the command run on them."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lvs_rawcheck.cli import generate

KEEPALIVED = shutil.which("keepalived", path="/usr/sbin:/usr/bin:/sbin:/bin")
CONFIGURATION = """\
vrrp_instance VI_1 {
    interface lo
    virtual_router_id 51
    state BACKUP
    virtual_ipaddress {
        192.0.2.1/24
    }
}

virtual_server 192.0.2.1 80 {
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server 192.0.2.11 80 {
        TCP_CHECK {
            connect_timeout 3
        }
    }
    real_server 192.0.2.12 80 {
        TCP_CHECK {
            connect_timeout 3
        }
    }
}
"""
SCRIPT = "#!/bin/sh\nexit 0\n"


@dataclass(frozen=True)
class Outcome:
    """How the command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What it printed."""
        return json.loads(self.stdout)


def outcome_of(*words: str) -> Outcome:
    """Run `generate` with these words in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = generate.run([*words])
    return Outcome(status, out.getvalue(), err.getvalue())


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class FolderSite:
    """The site. folder: empty."""

    def __init__(self, folder: Path, text: str = CONFIGURATION) -> None:
        self.folder = folder
        folder.chmod(0o755)
        (folder / "keepalived").mkdir()
        self.conf = folder / "keepalived" / "keepalived.conf"
        self.conf.write_text(text)
        self.scripts = folder / "scripts"
        self.scripts.mkdir()
        for name in ("verdict", "notify"):
            script = self.scripts / name
            script.write_text(SCRIPT)
            script.chmod(0o755)
        self.services = folder / "services.d"
        self.state = folder / "run"

    def options(self) -> list[str]:
        """Return the options that keep a command to this folder."""
        return [
            *("--scripts", str(self.scripts), "--services", str(self.services)),
            *("--state", str(self.state), "--templates", str(self.folder)),
        ]

    def run(self, *arguments: str, file: Path | None = None) -> Outcome:
        """Run `generate keepalived FILE` in this process."""
        return outcome_of("keepalived", str(file or self.conf), *self.options(), *arguments)

    def write(self, *arguments: str, file: Path | None = None) -> Outcome:
        """Write the plan, no check being tried."""
        return self.run("--write", "--no-probe", *arguments, file=file)

    def tree(self) -> dict[str, bytes]:
        """Return every file of the site."""
        return files_of(self.folder)
