# SPDX-License-Identifier: GPL-2.0-or-later
"""detection.py: a director told by track files. Detection, in trials; restarts of the daemon; boots in either order.

Prints one JSON object a step.
"""

from __future__ import annotations

import sys
import time

from lab.network import wait_until

from tests.lab.daemon.configuration import DIRECTORS, FILE, KEEPALIVED_CONF, Timers, keepalived_conf
from tests.lab.daemon.site import SETTLE_SECONDS, Site

TRIALS = 12
INTERVAL = 0.2  # seconds
TIMERS = Timers(delay_loop=INTERVAL, connect_timeout=0.5)
LOOKED_ON = 3.0  # seconds: several intervals, and looks at keepalived's process id
DAEMON_LATE = 10.0  # seconds, after keepalived
BOTH, WITHOUT_B = {"file": "ab"}, {"file": "a"}


class Story:
    """What happens on the one director."""

    def __init__(self) -> None:
        self.site = Site(["lb1"], pace=0.005)
        (self.lb1,) = self.site.directors
        self.b = self.site.reals["b"]

    def convert(self) -> None:
        """Convert it as an operator does: two runs, the daemon started between them."""
        lb1 = self.lb1
        conf = keepalived_conf(DIRECTORS["lb1"][1], {FILE: TIMERS})
        lb1.path(KEEPALIVED_CONF).write_text(conf)
        lb1.start_keepalived()
        lb1.wait(lb1.has_vip, "it becomes master")
        self.site.tell_when("as it was", {"lb1": BOTH})
        first = lb1.generate_keepalived("track-file", FILE)
        between = lb1.text(KEEPALIVED_CONF)
        self.site.tell("first run", **first, untouched=between == conf)
        lb1.start_daemon()
        second = lb1.generate_keepalived("track-file", FILE)
        self.site.tell("second run", **second, configuration=lb1.text(KEEPALIVED_CONF))
        lb1.reload_keepalived()
        self.b.take(FILE)
        self.site.tell_when("converted", {"lb1": WITHOUT_B})
        self.b.give(FILE)
        self.site.tell_when("VIP back", {"lb1": BOTH})

    def measure(self) -> None:
        """Take and give the VIP again and again, each time at another moment between two checks."""
        out, back = [], []
        for number in range(TRIALS):
            self.site.look_on(number / TRIALS * INTERVAL)
            out.append(self._until(self.b.take(FILE), "a"))
            self.site.look_on(number / TRIALS * INTERVAL)
            back.append(self._until(self.b.give(FILE), "ab"))
        self.site.tell("trials", out=out, back=back)

    def _until(self, begun: float, servers: str) -> float:
        """Return after how many seconds it was so."""
        watch = self.site.watch
        if not wait_until(lambda: watch.now("lb1") == {"file": servers}, SETTLE_SECONDS, 0.01):
            sys.exit(f"{servers!r} is wanted, and there is {watch.now('lb1')}")
        return round(watch.seen("lb1", time.monotonic())[0][0] - begun, 3)

    def restart(self) -> None:
        """Stop and kill the daemon under keepalived, and start it again."""
        site, lb1 = self.site, self.lb1
        self.b.take(FILE)
        site.tell_when("b is out", {"lb1": WITHOUT_B})
        for how, end in {"stopped": lb1.stop_daemon, "killed": lb1.kill_daemon}.items():
            end()
            site.look_on(LOOKED_ON)
            site.tell(how)
            lb1.start_daemon()
            site.look_on(LOOKED_ON)
            site.tell(f"{how}, started again", moved=lb1.a_moved())
        lb1.kill_daemon()
        self.b.give(FILE)
        site.look_on(LOOKED_ON)
        site.tell("VIP back while nobody looks")
        lb1.start_daemon()
        site.tell_when("the daemon looks again", {"lb1": BOTH}, moved=lb1.a_moved)

    def boot(self) -> None:
        """Start both anew, in either order, as after a boot; b has lost its VIP before."""
        site, lb1 = self.site, self.lb1
        self._end()
        self.b.take(FILE)
        lb1.start_keepalived()
        site.tell_when("keepalived first", {"lb1": BOTH})
        site.look_on(DAEMON_LATE)
        site.tell("no daemon yet", files=lb1.track_files(), vip=lb1.has_vip())
        lb1.start_daemon()
        site.tell_when("the daemon comes", {"lb1": WITHOUT_B})
        site.look_on(LOOKED_ON)
        site.tell("the daemon is there", moved=lb1.a_moved())
        self._end()
        lb1.start_daemon()
        files = lb1.track_files()
        lb1.start_keepalived()
        lb1.wait(lb1.has_vip, "it becomes master")
        site.tell_when("daemon first", {"lb1": WITHOUT_B}, files=lambda: files)
        site.look_on(LOOKED_ON)
        site.tell("keepalived is there", moved=lb1.a_moved(), said=lb1.said())
        self.b.give(FILE)
        site.tell_when("VIP back after boots", {"lb1": BOTH})

    def _end(self) -> None:
        self.lb1.stop_keepalived()
        self.lb1.stop_daemon()
        self.lb1.forget()
        self.site.tell("shut down")


def main() -> int:
    """Play it."""
    story = Story()
    story.convert()
    story.measure()
    story.restart()
    story.boot()
    return 0


if __name__ == "__main__":
    sys.exit(main())
