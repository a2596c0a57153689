# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py FORK [standby]: a site is converted; a server loses its VIPs one by one; a check is killed; and back.

FORK: yes or no, as in ldirectord.cf. standby: before the way back a second director is converted. Prints one JSON
object a step.
"""

from __future__ import annotations

import sys

from lab.network import wait_until

from tests.lab.ldirectord.configuration import MAIL, SIX, VIRTUALS, WEB, Virtual, quiescent
from tests.lab.ldirectord.site import SETTLE_SECONDS, Site, Table, tell


class Scenario:
    """What happens on a site."""

    def __init__(self, fork: str) -> None:
        self._fork = fork
        self._site = Site()

    def without(self, *gone: tuple[Virtual, str]) -> Table:
        """Return the table in which these servers of these virtuals are down."""
        table: Table = {virtual.name: dict.fromkeys(virtual.reals, 1) for virtual in VIRTUALS}
        for virtual, server in gone:
            if quiescent(self._fork)[virtual.name]:
                table[virtual.name][server] = 0
            else:
                del table[virtual.name][server]
        return table

    def convert(self) -> None:
        """Write on the active director. b has lost the VIP of the mail before anybody looks."""
        site, active = self._site, self._site.active
        site.take_vip("b", MAIL)
        active.start(self._fork, autoreload="yes")
        active.tell_when("as it was", self.without())
        active.generate("refused", "--write")
        active.generate("accepted", "--write", "--accept-down", f"{MAIL.service}/{MAIL.reals['b']}")
        active.generate("again", "--write")
        active.tell_when("loaded by itself", self.without((MAIL, "b")))

    def suffer(self) -> None:
        """Let b lose its VIPs one by one, then a check be killed."""
        site, active = self._site, self._site.active
        site.give_vip("b", MAIL)
        site.take_vip("b", SIX)
        active.tell_when("six lost", self.without((SIX, "b")))
        site.give_vip("b", SIX)
        site.take_vip("b", WEB)
        active.tell_when("web lost", self.without((WEB, "b")))
        active.kill_checks(f"{WEB.service}/{WEB.reals['a']}")
        site.give_vip("b", WEB)
        active.tell_when("killed", self.without((WEB, "a")))
        active.spare_checks()

    def stand_by(self) -> None:
        """Convert a director that has no VIP, reload it by the command that it is told, and let a server lose one."""
        active, standby = self._site.active, self._site.standby
        standby.start(self._fork, autoreload="no")
        standby.tell_when("standby as it was", self.without())
        standby.generate("standby converted", "--write")
        self._site.take_vip("b", WEB)
        standby.ldirectord("reload")
        active.tell_when("web lost again", self.without((WEB, "b")))
        wanted = [(WEB, "b"), (SIX, "b")]
        wait_until(lambda: all(standby.last(*each) for each in wanted), SETTLE_SECONDS)
        tell("verdicts of the standby", lines=[standby.last(*each) for each in wanted])
        standby.tell_when("standby", self.without(), settle_s=0.0)
        standby.ldirectord("stop")

    def go_back(self) -> None:
        """Take everything back, b being without a VIP, which nobody sees any more."""
        active = self._site.active
        self._site.take_vip("b", MAIL)
        active.generate("back", "--revert", "--write")
        active.tell_when("as before", self.without())
        active.ldirectord("stop")


def main(fork: str, *further: str) -> None:
    """Play it."""
    scenario = Scenario(fork)
    scenario.convert()
    scenario.suffer()
    if further == ("standby",):
        scenario.stand_by()
    scenario.go_back()


if __name__ == "__main__":
    main(*sys.argv[1:])
