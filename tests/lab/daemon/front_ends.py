# SPDX-License-Identifier: GPL-2.0-or-later
"""front_ends.py: two directors whose daemons tell keepalived by script and by file, and ldirectord by its wrapper.

Server b loses its VIPs and gets them back, while keepalived reloads, daemons end and begin, directors fail over, the
clock is set and /run is full. Prints one JSON object a step.
"""

from __future__ import annotations

import os
import sys
import time

from lab.network import HOSTS

from tests.lab.daemon.configuration import (
    DIRECTORS,
    EXTERNAL,
    FILE,
    KEEPALIVED_CONF,
    MISC,
    REALS,
    STATE,
    VIRTUALS,
    Timers,
    keepalived_conf,
)
from tests.lab.daemon.director import Director
from tests.lab.daemon.site import RUN_OCTETS, Site

# Where there is no daemon MISC_CHECKs are processes, which on a machine as slow as this take a while to begin.
TIMERS = {MISC: Timers(delay_loop=4, connect_timeout=4), FILE: Timers(delay_loop=1, connect_timeout=1)}
ALL_IDS = [virtual.check_id(real) for virtual in VIRTUALS for real in REALS]
FULL = {virtual.name: "ab" for virtual in VIRTUALS}
WITHOUT_B = {virtual.name: "a" for virtual in VIRTUALS}
A_WHILE = 5.0  # seconds: each check is made several times
VERDICTS_EXPIRE = 25.0  # seconds: longer than a verdict lives that nobody renews
HOUR, DAY = 3600, 86400
CLOCK_STEPS = (+3 * DAY, -10 * DAY, +HOUR, -HOUR, +7 * DAY)  # seconds; they end where they began


class Story:
    """What happens on the pair. lb1 is master while it runs."""

    def __init__(self) -> None:
        self.site = Site(["lb1", "lb2"], pace=0.04)
        self.lb1, self.lb2 = self.site.directors
        self.b = self.site.reals["b"]

    def take_all(self) -> None:
        """Take all VIPs from b."""
        for virtual in VIRTUALS:
            self.b.take(virtual)

    def give_all(self) -> None:
        """Give b all VIPs."""
        for virtual in VIRTUALS:
            self.b.give(virtual)

    def start(self) -> None:
        """Run a site as there are many, and convert it, the standby first."""
        for director in (self.lb1, self.lb2):
            conf = keepalived_conf(DIRECTORS[director.name][1], TIMERS)
            director.path(KEEPALIVED_CONF).write_text(conf)
            director.start_ldirectord()  # first: it takes away what it finds in the table
            director.start_keepalived()
        self.lb1.wait(self.lb1.has_vip, "it becomes master")
        self.site.tell_when("as it was", {"lb1": FULL, "lb2": FULL})
        for director in (self.lb2, self.lb1):
            self._convert(director)

    def _convert(self, director: Director) -> None:
        told = [director.generate_ldirectord(), director.generate_keepalived("service", MISC)]
        told.append(director.generate_keepalived("track-file", FILE))
        director.start_daemon()
        told.append(director.generate_keepalived("track-file", FILE))
        director.reload_keepalived()
        self.site.look_on(A_WHILE)
        self.site.tell(f"{director.name} converted", told=told, role=director.role())

    def disturb(self) -> None:
        """Let keepalived reload, and the daemon end and begin, while b has no VIP; then let b have them again."""
        site, lb1 = self.site, self.lb1
        self.take_all()
        site.tell_when("all lost", {"lb1": WITHOUT_B, "lb2": FULL})
        lb1.reload_keepalived()
        site.look_on(A_WHILE)
        site.tell("keepalived reloaded", moved=lb1.a_moved())
        lb1.stop_daemon()
        site.look_on(VERDICTS_EXPIRE)
        site.tell("no daemon", moved=lb1.a_moved())
        lb1.start_daemon()
        site.look_on(A_WHILE)
        site.tell("daemon again", moved=lb1.a_moved())
        lb1.kill_daemon()
        lb1.start_daemon()
        site.look_on(A_WHILE)
        site.tell("daemon killed and again", moved=lb1.a_moved())
        self.give_all()
        site.tell_when("all back", {"lb1": FULL, "lb2": FULL})

    def fail_over(self) -> None:
        """Let lb2 take over while b has no VIP, which a standby's checks do not see, and lb1 come back."""
        site, lb1, lb2 = self.site, self.lb1, self.lb2
        self.take_all()
        site.tell_when("lost before the takeover", {"lb1": WITHOUT_B, "lb2": FULL})
        lb1.stop_keepalived()
        site.tell_when("taken over", {"lb2": WITHOUT_B}, vip=lb2.has_vip, roles=lambda: [lb1.role(), lb2.role()])
        self.give_all()
        site.tell_when("all back on lb2", {"lb2": FULL})
        lb2.kill_daemon()
        lb2.start_daemon()
        self.take_all()
        site.tell_when("all lost on lb2", {"lb2": WITHOUT_B}, moved=lb2.a_moved)
        lb1.start_keepalived()
        lb1.wait(lb1.has_vip, "it becomes master again")
        site.tell("lb1 comes back")
        site.tell_when("lb1 is back", {"lb1": WITHOUT_B, "lb2": FULL})

    def set_clock(self) -> None:
        """Set the machine's clock forth and back, while b has no VIP."""
        self.site.tell("before the clock is set", **self._known())
        for number, seconds in enumerate(CLOCK_STEPS):
            time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)
            self.site.look_on(A_WHILE + TIMERS[MISC].delay_loop)
            self.site.tell(f"clock {number}", set_by=seconds, **self._known())
        self.give_all()
        self.site.tell_when("all back by whatever clock", {"lb1": FULL, "lb2": FULL})

    def _known(self) -> dict[str, object]:
        """Return what lb1 says of each check, and how much both have logged."""
        said = {director.name: len(_of_servers(director.said())) for director in (self.lb1, self.lb2)}
        return {"status": self.lb1.status(), "said": said, "now": time.time(), "table": self._status_table()}

    def _status_table(self) -> str:
        return self.lb1.command("status", "--state", STATE).stdout

    def fill_run(self) -> None:
        """Fill /run to the last octet, let b lose its VIPs and get one back, and make room again. lb2 is away."""
        site, lb1 = self.site, self.lb1
        self.lb2.stop_keepalived()
        self.lb2.stop_daemon()
        self.lb2.stop_ldirectord()
        site.tell_when("lb2 is away", {"lb1": FULL, "lb2": {}}, moved=lb1.a_moved)
        said = len(lb1.said())
        filler = _Filler()
        filler.fill()
        site.look_on(VERDICTS_EXPIRE)
        site.tell("full", free=filler.free(), moved=lb1.a_moved())
        filler.fill()
        self.take_all()
        site.tell_when("all lost, and full", {"lb1": WITHOUT_B}, files=lb1.track_files)
        filler.fill()
        self.b.give(FILE)
        site.tell_when("one back, and full", {"lb1": {**WITHOUT_B, "file": "ab"}}, files=lb1.track_files)
        full = _of_servers(lb1.said()[said:])
        said = len(lb1.said())
        filler.make_room()
        lb1.wait(lambda: set(lb1.verdicts()) == set(ALL_IDS), "all verdicts are there again")
        site.look_on(A_WHILE)
        told = {"verdicts": lb1.verdicts(), "files": lb1.track_files(), "uptime": int(time.monotonic())}
        site.tell("room again", full=full, said=_of_servers(lb1.said()[said:]), **told)
        for virtual in (MISC, EXTERNAL):
            self.b.give(virtual)
        site.tell_when("all back with room", {"lb1": FULL}, moved=lb1.a_moved)


def _of_servers(lines: list[str]) -> list[str]:
    """Return the log without what a daemon says that gets no time to run."""
    return [line for line in lines if "the host is overloaded" not in line and "no verdict is held" not in line]


class _Filler:
    """A file on the file system that is /run of all hosts."""

    def __init__(self) -> None:
        self._path = HOSTS / "filler"

    def fill(self) -> None:
        """Leave no space for one octet more, whoever has given some back."""
        with self._path.open("ab", buffering=0) as file:
            for _ in range(2 * RUN_OCTETS // 4096):
                try:
                    file.write(b"x" * 4096)
                except OSError:
                    return
        sys.exit("/run does not become full")

    def free(self) -> int:
        """Return how many pages are free."""
        return os.statvfs(HOSTS).f_bfree

    def make_room(self) -> None:
        """Take it away."""
        self._path.unlink()


def main() -> int:
    """Play it."""
    story = Story()
    story.start()
    story.disturb()
    story.fail_over()
    story.set_clock()
    story.fill_run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
