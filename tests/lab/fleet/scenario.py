# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py: the playbook of examples/ansible on a pair of directors with Debian's own keepalived and IPVS.

The control host is the laboratory itself; what Ansible runs on a director runs in its namespaces.
Prints one JSON object a step.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from lab.director import LAUNCHER
from lab.network import NAMESPACES, run

from tests.lab.conversion.configuration import CONF, SERVICES, STATE, TOOLS
from tests.lab.conversion.pair import FOLDER, PYTHON, REALS, Pair, inside, tell

PLAYBOOK = FOLDER / "examples" / "ansible" / "directors.yml"
CONTROL = Path("/run/lab/control")
SEMAPHORES = Path("/dev/shm")  # of Ansible's workers
PLAY_SECONDS = 200.0
BOTH = frozenset(REALS.values())
RELOAD = ["sh", "-c", "kill -HUP $(cat /run/keepalived.pid)"]  # there is no systemd in here
_PLACES = ["--services", SERVICES, "--state", STATE]
_RECAP = re.compile(r"^(\w+) +: .*changed=(\d+) .*failed=(\d+) ", re.MULTILINE)


def prepare(pair: Pair) -> None:
    """Write the inventory. What stands for Python on a director is Python in its namespaces, with our program."""
    CONTROL.mkdir()
    SEMAPHORES.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", str(SEMAPHORES))
    hosts = {}
    for director in reversed(pair.directors):  # the standby first
        program = inside(director.host, f"{TOOLS}/lvs-rawcheck")
        program.unlink()
        program.symlink_to(LAUNCHER)
        python = CONTROL / f"python-{director.name}"
        enter = ("nsenter", "--target", str(director.host.pid), *NAMESPACES)
        python.write_text(f'#!/bin/sh\nPATH={TOOLS}:$PATH exec {" ".join(enter)} {PYTHON} "$@"\n')
        python.chmod(0o755)
        hosts[director.name] = {"ansible_python_interpreter": str(python)}
    everywhere = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_remote_tmp": "/tmp/ansible",  # a director has a /run of its own
        "lvs_rawcheck_config": CONF,
        "lvs_rawcheck_generate_options": ["--scripts", TOOLS, "--program", f"{TOOLS}/lvs-rawcheck", *_PLACES],
        "lvs_rawcheck_verify_options": _PLACES,
        "lvs_rawcheck_reload": RELOAD,
    }
    (CONTROL / "inventory.json").write_text(json.dumps({"directors": {"vars": everywhere, "hosts": hosts}}))


def play(pair: Pair, step: str, *words: str) -> None:
    """Run the playbook, and print how it ended and what the directors have then."""
    command = ["ansible-playbook", "-i", str(CONTROL / "inventory.json"), str(PLAYBOOK), "--skip-tags", "install"]
    done = subprocess.run(
        [*command, *words],
        env={**os.environ, "HOME": str(CONTROL), "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=PLAY_SECONDS,
        check=False,
    )
    tell(
        step,
        status=done.returncode,
        said=done.stdout + done.stderr,
        recap={name: [int(changed), int(failed)] for name, changed, failed in _RECAP.findall(done.stdout)},
        converted=[each.name for each in pair.directors if f"{TOOLS}/verdict" in inside(each.host, CONF).read_text()],
        modes={each.name: sorted(modes(inside(each.host, SERVICES))) for each in pair.directors},
        servers={each.name: sorted(each.servers()) for each in pair.directors},
    )


def modes(folder: Path) -> set[str]:
    """Return what the service files of a director say of their mode."""
    files = folder.glob("*.toml") if folder.is_dir() else ()
    return {line for file in files for line in file.read_text().splitlines() if line.startswith("mode")} or {"-"}


def main() -> int:
    """Roll out on a fleet: looked at, refused, observed, enforced, and once more."""
    pair = Pair("service")
    prepare(pair)
    for director in pair.directors:
        pair.start(director)
    lb1, lb2 = pair.directors
    pair.tell_when("as it was", lambda: lb1.has_vip() and lb1.servers() == lb2.servers() == BOTH)
    play(pair, "looked at", "--check")
    pair.take_vip("a")
    play(pair, "refused", "-e", "lvs_rawcheck_observe=false")
    pair.give_vip("a")
    play(pair, "observed")
    play(pair, "enforced", "-e", "lvs_rawcheck_observe=false")
    play(pair, "again", "-e", "lvs_rawcheck_observe=false")
    pair.take_vip("a")
    pair.tell_when("VIP lost", lambda: lb1.servers() == BOTH - {REALS["a"]})
    return 0


if __name__ == "__main__":
    sys.exit(main())
