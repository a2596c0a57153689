# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py: in the laboratory, two directors, wired while keepalived runs; prints roles and what the site's saw.

Prints one JSON object a stage: its name, each director's role files, what the site's scripts noted since the last one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from lab.director import SystemLog
from lab.network import Host, LabError, Network, Process, load_modules, wait_until

from tests.lab.notify.shapes import DIRECTORS, LOG, OF_DIRECTOR, SCRIPT, SCRIPTS, TELL, keepalived_conf, vips

RESULTS = Path("/run/lab/results")
NOTIFY = "/opt/lvs-rawcheck/templates/notify"
PYTHON = "/usr/bin/python3"
CONFIG = "/run/keepalived.conf"
PATIENCE_SECONDS = 30.0


class Director:
    """A director with keepalived, which has no checkers here."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._keepalived: Process | None = None
        self._read = 0
        SystemLog(host, RESULTS / f"{host.name}-syslog.log")
        (host.run_folder / "keepalived.conf").write_text(keepalived_conf(host.name))
        for path, text in ((SCRIPT, TELL), (f"{SCRIPTS}/notify", Path(NOTIFY).read_text())):
            script = host.run_folder / path.removeprefix("/run/")
            script.parent.mkdir()
            script.write_text(text)
            script.chmod(0o755)
        log = host.run_folder / LOG
        log.touch()
        log.chmod(0o666)

    def start(self) -> None:
        """Start keepalived, without its checkers."""
        self._keepalived = self.host.start("keepalived", "-P", "-n", "-l", "-D", "-f", CONFIG)

    def reload(self) -> None:
        """Let keepalived read its configuration again."""
        assert self._keepalived is not None
        os.kill(self._keepalived.pid, signal.SIGHUP)

    def stop(self) -> None:
        """Stop keepalived."""
        assert self._keepalived is not None
        self._keepalived.stop(10.0)

    def wire(self) -> dict[str, object]:
        """Wire its configuration; return what was done."""
        said: dict[str, object] = json.loads(self.host.run(PYTHON, "-m", "tests.lab.notify.wire", CONFIG, limit_s=90.0))
        return said

    def is_master(self) -> bool:
        """Return whether all its VIPs are here."""
        words = self.host.run("ip", "-o", "-4", "addr", "show", "dev", "eth0").split()
        return {f"{each}/32" for each in vips(self.host.name)} <= set(words)

    def all_say(self, digit: str) -> bool:
        """Return whether all its role files begin with a digit, written by scripts."""
        found: Collection[str] = self.role_files().values()
        return len(found) == len(OF_DIRECTOR[self.host.name]) and all(
            text[0] == digit and "seed" not in text for text in found
        )

    def role_files(self) -> dict[str, str]:
        """Return what each says: digit and role, and whether it is a seed."""
        folder = self.host.run_folder / "lvs-rawcheck" / "role"
        found = {}
        for path in sorted(folder.glob("[A-Z]*")):
            digit, role, _, writer, _ = path.read_text().split()
            found[path.name] = f"{digit} {role}{' seed' if writer == '0' else ''}"
        return found

    def noted(self) -> list[str]:
        """Return what the site's scripts have noted since the last call."""
        lines = (self.host.run_folder / LOG).read_text().splitlines()
        fresh, self._read = lines[self._read :], len(lines)
        return sorted(fresh)


def tell(name: str, condition: Callable[[], bool], notes: dict[Director, int]) -> None:
    """Wait for a condition, and for so many notes of the site's scripts; print everything."""
    if not wait_until(condition, PATIENCE_SECONDS, 0.1):
        raise LabError(f"{name}: it did not come to it: {[director.role_files() for director in notes]}")
    noted: dict[Director, list[str]] = {director: [] for director in notes}

    def all_noted() -> bool:
        for director, found in noted.items():
            found += director.noted()
        return all(len(noted[director]) >= wanted for director, wanted in notes.items())

    wait_until(all_noted, PATIENCE_SECONDS, 0.1)
    told = {
        director.host.name: {"roles": director.role_files(), "noted": sorted(found)}
        for director, found in noted.items()
    }
    print(json.dumps({"stage": name, **told}))


def main() -> int:
    """Play all of it."""
    load_modules("ip_vs")
    network = Network(RESULTS)
    directors = [Director(network.add_host(name, address)) for name, (address, _) in DIRECTORS.items()]
    first, second, alone = directors
    first.start()
    alone.start()
    # Not before there is a master: nobody is to be one who will not stay it.
    if not wait_until(lambda: first.is_master(), PATIENCE_SECONDS, 0.1):
        raise LabError("lb1 does not become master")
    second.start()
    # The notes: VI_SPECIFIC has one script a change, VI_GENERIC one, VI_BOTH and VI_ALONE two.
    tell("as it was", lambda: first.is_master() and alone.is_master(), {first: 8, second: 4, alone: 4})
    for director in directors:
        print(json.dumps({"wired": director.wire()}))
        director.reload()
    tell("wired", lambda: first.is_master() and alone.is_master(), {first: 0, second: 0, alone: 0})
    alone.stop()
    tell("stopped", lambda: alone.all_say("0"), {alone: 2})
    first.stop()
    tell("taken over", lambda: second.all_say("1"), {first: 0, second: 4})
    first.noted()  # as many as the machine was quick enough for
    first.start()
    tell("back", lambda: first.all_say("1") and second.all_say("0"), {first: 8, second: 4})
    first.host.run("ip", "link", "set", "eth0", "down")
    tell("cut off", lambda: first.all_say("0") and second.all_say("1"), {first: 2, second: 4})
    for director in directors:
        director.stop()
        shutil.copyfile(director.host.run_folder / "keepalived.conf", RESULTS / f"{director.host.name}.conf")
    network.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
