# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py PROGRAM: the package was just installed; it is used, upgraded, removed. Prints a JSON object a step."""

from __future__ import annotations

import sys
from pathlib import Path

from lab.network import execute

from tests.lab.machine.director import Director, apt, give_vip, take_vip, tell
from tests.lab.machine.programs import PROGRAMS, Program
from tests.lab.machine.table import BOTH, last_verdicts, servers

MACHINE = Path("/run/machine")
_AFTER_UPGRADE_S = 6.0
_AFTER_RESTART_S = 12.0


def convert(director: Director) -> None:
    """Let the site be as it was, then write the raw checks, and reload."""
    tell_daemon("idle")
    started = director.systemctl("start")
    tell("started", status=started.returncode, said=started.stderr)
    director.tell_when("as it was", lambda: servers() == BOTH and has_vip())
    done = director.generate("--write")
    tell(
        "written",
        status=done.returncode,
        said=done.stdout + done.stderr,
        text=director.program.configuration.read_text(),
    )
    gate = director.generate("--check")
    tell("gate", status=gate.returncode, said=gate.stdout + gate.stderr)
    before = last_verdicts()
    tell("daemon told", status=execute("systemctl", "reload-or-restart", "lvs-rawcheck").returncode)
    director.tell_while("reloaded", lambda: director.systemctl("reload"), 0.0)
    director.tell_when("raw checks decide", lambda: are_new_and_raw(before) and director.verifies())


def tell_daemon(when: str) -> None:
    """Tell what the service is doing, and what it has complained of."""
    tell(
        f"daemon {when}",
        unit=execute("systemctl", "is-active", "lvs-rawcheck.service").stdout.strip(),
        status=execute("lvs-rawcheck", "status", "--json").stdout,
        journal=execute("journalctl", "-q", "--no-pager", "-o", "cat", "-u", "lvs-rawcheck.service").stdout,
    )


def has_vip() -> bool:
    """Say whether the director has the VIP."""
    return " 192.0.2.100/" in execute("ip", "-o", "addr", "show", "dev", "eth0").stdout


def are_new_and_raw(before: dict[str, str]) -> bool:
    """Say whether each check has given a verdict since, by a raw check."""
    now = last_verdicts()
    return len(now) == 2 and all(line != before.get(name) and " raw " in line for name, line in now.items())


def lose_and_regain(director: Director, when: str) -> None:
    """Take server a's VIP, and give it back."""
    take_vip(director.reals["a"])
    director.tell_when(f"VIP lost, {when}", lambda: servers() == "b")
    give_vip(director.reals["a"])
    director.tell_when(f"VIP back, {when}", lambda: servers() == BOTH)


def upgrade(director: Director) -> None:
    """Upgrade under checks that run every second, then restart the program."""
    (package,) = (MACHINE / "next").iterdir()
    director.tell_while("upgraded", lambda: apt("install", str(package)), _AFTER_UPGRADE_S)
    tell("version", said=execute("dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", "lvs-rawcheck").stdout)
    restarted = director.systemctl("restart")
    tell("restarted", status=restarted.returncode, said=restarted.stderr)
    director.tell_when("servers are back", lambda: servers() == BOTH and has_vip())
    before = last_verdicts()
    director.tell_while("after the restart", lambda: execute("true"), _AFTER_RESTART_S)
    director.tell_when("raw checks decide again", lambda: are_new_and_raw(before))
    tell_daemon("serving")


def remove(director: Director, before: str) -> None:
    """Try to remove the package while it is needed, put back what was there, remove it, and purge it."""
    director.tell_while("refused", lambda: apt("remove", "lvs-rawcheck"), 3.0)
    tell("still there", said=execute("dpkg-query", "-W", "-f", "${db:Status-Status}", "lvs-rawcheck").stdout)
    done = director.generate("--revert", "--write")
    same = director.program.configuration.read_text() == before
    tell("reverted", status=done.returncode, said=done.stdout + done.stderr, same=same)
    director.tell_while("reloaded without", lambda: director.systemctl("reload"), 3.0)
    director.tell_while("removed", lambda: apt("remove", "lvs-rawcheck"), 3.0)
    director.stop_service("b")
    director.tell_when("the old checks decide", lambda: servers() == "a")
    director.start_service("b")
    director.tell_when("and take back", lambda: servers() == BOTH)
    director.tell_while("purged", lambda: apt("purge", "lvs-rawcheck"), 0.0)
    stopped = director.systemctl("stop")
    tell("stopped", status=stopped.returncode, said=stopped.stderr, servers=servers())


def main() -> int:
    """Be the director's operator."""
    program: Program = PROGRAMS[sys.argv[1]]
    director = Director(program, Path("/run/results"))
    program.put_site()
    before = program.configuration.read_text()
    convert(director)
    lose_and_regain(director, "with the first version")
    upgrade(director)
    lose_and_regain(director, "with the next version")
    remove(director, before)
    return 0


if __name__ == "__main__":
    sys.exit(main())
