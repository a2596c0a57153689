# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py STYLE: a pair of directors is converted; servers lose their VIP, directors fail, files go missing.

Prints one JSON object a step. lb1 is master wherever it runs.
"""

from __future__ import annotations

import sys

from lab.director import Director

from tests.lab.conversion.configuration import CONF, PROGRAM, SERVICES, TOOLS
from tests.lab.conversion.pair import REALS, Pair, inside, tell

BOTH = frozenset(REALS.values())
WITHOUT_A = BOTH - {REALS["a"]}


def convert(pair: Pair, director: Director) -> None:
    """Write on one director, look what it has done before keepalived reads it, reload."""
    before = pair.dump(director)
    conf = inside(director.host, CONF)
    done = pair.generate(director, "--write")
    again, gate = pair.generate(director, "--write"), pair.generate(director, "--check")
    written = {"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr, "role": director.role()}
    # Director.reload copies a configuration; this one is in its place already.
    copy = conf.with_name("keepalived.new")
    copy.write_bytes(conf.read_bytes())
    director.reload(copy)
    tell(
        f"converted {director.name}",
        **written,
        again=again.stdout,
        gate=gate.returncode,
        configuration=conf.read_text(),
        before=before,
    )


def verify_until_sound(pair: Pair, director: Director) -> None:
    """Wait until verify finds nothing, and print what keepalived says of itself then."""
    said: list[tuple[int, list[str]]] = []

    def sound() -> bool:
        said.append(pair.verify(director))
        return said[-1][0] == 0

    pair.tell_when(f"sound {director.name}", sound)
    tell(f"dump {director.name}", after=pair.dump(director))


def lose_and_regain(pair: Pair, director: Director, when: str) -> None:
    """Take server a's VIP, and give it back."""
    pair.take_vip("a")
    pair.tell_when(f"VIP lost, {when}", lambda: director.servers() == WITHOUT_A)
    pair.give_vip("a")
    pair.tell_when(f"VIP back, {when}", lambda: director.servers() == BOTH)


def suffer(pair: Pair, director: Director, fault: str, path: str) -> None:
    """Take a file away, and print what verify says; put it back."""
    file = inside(director.host, path)
    hidden = file.with_name("hidden")
    file.rename(hidden)
    status, kinds = pair.verify(director)
    tell(fault, status=status, kinds=kinds)
    hidden.rename(file)


def reload_without(pair: Pair, director: Director, fault: str, path: str) -> None:
    """Take a file away, let keepalived load its configuration without it, and wait until verify knows."""
    inside(director.host, path).rename(inside(director.host, f"{path}.hidden"))
    director.reload(inside(director.host, "/run/keepalived.new"))
    said: list[tuple[int, list[str]]] = []

    def dropped() -> bool:
        said.append(pair.verify(director))
        return "not-live" in said[-1][1]

    pair.tell_when(f"{fault}: loaded", dropped)
    tell(fault, status=said[-1][0], kinds=said[-1][1])


def main() -> int:
    """Build the pair, convert it, let it suffer."""
    style = sys.argv[1]
    pair = Pair(style)
    lb1, lb2 = pair.directors
    for director in pair.directors:
        pair.start(director)
    pair.tell_when("as it was", lambda: lb1.has_vip() and lb1.servers() == lb2.servers() == BOTH)
    for director in (lb2, lb1):  # the standby first, as one would
        convert(pair, director)
    for director in (lb2, lb1):
        verify_until_sound(pair, director)
    lose_and_regain(pair, lb1, "lb1 is master")
    lb1.ask_to_stop()
    pair.tell_when("lb1 stops", lambda: lb2.has_vip() and lb2.role() == "MASTER" and lb1.role() == "BACKUP")
    lose_and_regain(pair, lb2, "lb2 is master")
    lb1.start(inside(lb1.host, "/run/keepalived.new"))
    pair.tell_when(
        "lb1 is back", lambda: lb1.has_vip() and lb1.role() == "MASTER" and lb2.role() == "BACKUP" and not lb2.has_vip()
    )
    called = f"{TOOLS}/verdict" if style == "service" else PROGRAM
    suffer(pair, lb2, "what stanzas call is gone", called)
    if style == "service":
        suffer(pair, lb2, "service files are gone", SERVICES)
    reload_without(pair, lb2, "what stanzas call was gone at the reload", called)
    return 0


if __name__ == "__main__":
    sys.exit(main())
