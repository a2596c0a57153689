# SPDX-License-Identifier: GPL-2.0-or-later
"""How checks end, and what ldirectord makes of it: whatever is not health takes the server out."""

from __future__ import annotations

import os

import pytest

from tests.ldirectord.harness import Ldirectord, block, needs_ldirectord, settings
from tests.netns.topology import wait_until

pytestmark = needs_ldirectord

VIRTUAL = "10.0.0.1:80"
SERVICE = "web"
# The stand-in's parent is `timeout`, whose parent is the wrapper: field 4 of /proc/PID/stat, proc(5).
_KILL_WRAPPER = 'read -r line </proc/$PPID/stat; set -- ${line##*) }; kill -s %s "$2"; read -r line <%s'
# What becomes of the servers 192.168.6.1 and on.
ENDINGS = {
    "exit 0": True,
    "exit 1": False,
    "exit 255": False,
    "kill -s KILL $$": False,
    "kill -s TERM $$": False,
    "kill -s SEGV $$": False,
    "kill -s ALRM $$": False,
    "kill -s KILL $PPID": False,
}


def servers(count: int) -> list[str]:
    return [f"192.168.6.{number}" for number in range(1, count + 1)]


def weights(*real_servers: str) -> dict[str, dict[str, int]]:
    return {f"TCP {VIRTUAL}": {f"{real}:80": 1 for real in real_servers}}


def gate(*real_servers: str) -> list[str]:
    return [f"{real}:80 gate" for real in real_servers]


def test_a_verdict_that_dies_is_down() -> None:
    reals = servers(len(ENDINGS))
    with Ldirectord() as ldirectord:
        for real, commands in zip(reals, ENDINGS, strict=True):
            ldirectord.answer(f"{SERVICE}/{real}", commands)
        ldirectord.start(settings(), block(f"virtual={VIRTUAL}", ldirectord.wrapper(SERVICE), gate(*reals)))
        ldirectord.wait_for_checks(f"{SERVICE}/{reals[-1]}", 1)
        assert ldirectord.table() == weights(*(real for real, up in zip(reals, ENDINGS.values(), strict=True) if up))


def test_a_wrapper_that_is_killed_is_down_but_for_sigkill() -> None:
    """SIGKILL is up for ldirectord: a program as small as this has nothing to be killed for."""
    signals = ["TERM", "HUP", "ALRM", "KILL"]
    reals = servers(len(signals))
    with Ldirectord() as ldirectord:
        for real, name in zip(reals, signals, strict=True):
            ldirectord.answer(f"{SERVICE}/{real}", _KILL_WRAPPER % (name, hanging(ldirectord)))
        wrapper = ldirectord.wrapper(SERVICE, deadline=1)
        ldirectord.start(settings(), block(f"virtual={VIRTUAL}", wrapper, gate(*reals)))
        ldirectord.wait_for_checks(f"{SERVICE}/{reals[-1]}", 1)
        assert ldirectord.table() == weights(reals[-1])


def hanging(ldirectord: Ldirectord) -> str:
    """Return a pipe that nobody writes to: who opens it to read waits for ever."""
    path = ldirectord.folder / "pipe"
    if not path.exists():
        os.mkfifo(path)
    return str(path)


@pytest.mark.parametrize("fork", ["no", "yes"])
def test_a_verdict_that_hangs_is_down_and_nothing_is_left_of_it(fork: str) -> None:
    first, second = servers(2)
    with Ldirectord() as ldirectord:
        ldirectord.answer(f"{SERVICE}/{second}", f"read -r line <{hanging(ldirectord)}")
        wrapper = ldirectord.wrapper(SERVICE, deadline=0.5)
        reals = gate(first, second)
        ldirectord.start(settings(f"fork={fork}"), block(f"virtual={VIRTUAL}", wrapper, reals, timeout=2))
        ldirectord.wait_for_checks(f"{SERVICE}/{second}", 1)
        assert ldirectord.table() == weights(first)
        ldirectord.answer(f"{SERVICE}/{second}", None)
        ldirectord.wait_for_table(weights(first, second))
        assert "timed out" not in ldirectord.log()
        wait_until(lambda: ldirectord.processes() == [], "nothing is left of a check")


@pytest.mark.full
@pytest.mark.parametrize("fork", ["no", "yes"])
def test_why_a_deadline_of_its_own_ldirectord_s_leaves_zombies_with_fork(fork: str) -> None:
    (real,) = servers(1)
    with Ldirectord() as ldirectord:
        program = ldirectord.program("hangs", "#!/bin/sh\nexec /bin/sleep 30\n")
        ldirectord.start(settings(f"fork={fork}"), block(f"virtual={VIRTUAL}", program, gate(real), timeout=1))
        # The first sweep is the parent's, which asks how its children ended.
        ldirectord.wait_until(lambda: ldirectord.log().count("\nsystem_timeout(1, ") >= 4, "some are timed out")
        if fork == "yes":
            ldirectord.wait_until(lambda: zombies(ldirectord) >= 2, "zombies gather")
        else:
            ldirectord.wait_until(lambda: zombies(ldirectord) == 0, "no zombies gather")


def zombies(ldirectord: Ldirectord) -> int:
    return [each.state for each in ldirectord.processes()].count("Z")


def test_a_wrapper_that_cannot_ask_is_down() -> None:
    first, second = servers(2)
    with Ldirectord() as ldirectord:
        blocks = [
            block("virtual=10.0.0.1:80", ldirectord.wrapper("missing"), gate(first)),
            block("virtual=10.0.0.2:80", ldirectord.program("not-executable", "#!/bin/sh\n"), gate(second)),
        ]
        (ldirectord.folder / "not-executable").chmod(0o644)
        (ldirectord.scripts / "verdict").unlink()
        ldirectord.start(settings(), *blocks)
        ldirectord.wait_until(lambda: ldirectord.log().count("not-executable 10.0.0.2 80") >= 2, "both were checked")
        ldirectord.wait_for_table({"TCP 10.0.0.1:80": {}, "TCP 10.0.0.2:80": {}})
        assert f"missing: there is no program {ldirectord.scripts}/verdict" in ldirectord.log()
