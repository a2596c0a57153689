# SPDX-License-Identifier: GPL-2.0-or-later
"""Two thousand services whose daemon is killed, and stays dead for five minutes, under a stand-in for keepalived.

For as long, their checks are made by processes that the script `verdict` becomes, and by the sweeps that these leave
behind (cli/sweep.py). `-s` shows how it goes.

A dead server is out within OUT_WITHIN of its death. It is made up of: the daemon's last verdict, fresh for 30 s (three
intervals) where the server died with the daemon, and of up to 15 s, and what a sweep of all takes, where it died later;
a failure seen twice, which is two timeouts; up to one delay_loop until the script is asked; and there the check once
more, twice with `retry`. The rest is for a busy machine: where others take a good part of it, the test says so, and
skips what is about time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from lvs_rawcheck.generate.pace import caller_timeout
from tests.daemon.desk import Desk
from tests.daemon.many_services import ManyServices
from tests.daemon.process import process
from tests.daemon.scheduler import Pace
from tests.daemon.under_keepalived import UnderKeepalived
from tests.netns.topology import Network

pytestmark = [pytest.mark.netns, pytest.mark.full]

SERVICES, HOSTS, FEW = 2000, 9, 40
TIMEOUT = 3.0  # seconds: a connect_timeout as most have it
PACE = Pace(delay_loop=10.0, misc_timeout=caller_timeout(TIMEOUT))
DEAD_FOR = 300.0  # seconds
BACK_FOR = 90.0  # seconds
SLOTS_OF_A_CORE = 32
_LINE_SECONDS = 10.0
OUT_WITHIN = 60.0  # seconds
_OTHERS_MOST = 0.5  # of the processors' time, that others may take
_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE = slice(3, 5)  # of the first line of /proc/stat, after its name: idle and iowait, proc_stat(5)


class Machine:
    """How busy the processors are, from when it is made on."""

    def __init__(self) -> None:
        self._before = _ticks()

    def busy(self) -> tuple[float, float]:
        """Return the seconds of all processors that something ran in, and all that there were."""
        ticks = [after - before for before, after in zip(self._before, _ticks(), strict=True)]
        return (sum(ticks) - sum(ticks[_IDLE])) / _TICKS, sum(ticks) / _TICKS


def _ticks() -> list[int]:
    return [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]


class Story:
    """What happens when, in seconds since the daemon has died; and what keepalived made of it."""

    def __init__(self, site: ManyServices, keepalived: UnderKeepalived) -> None:
        self._site = site
        self._keepalived = keepalived
        self._began = time.monotonic()
        self._failed: dict[str, float] = {}

    def until(self, seconds: float) -> None:
        """Let time pass, and say how it goes."""
        while (left := self._began + seconds - time.monotonic()) > 0.0:
            time.sleep(min(left, _LINE_SECONDS))
            print(f"{time.monotonic() - self._began:4.0f} s: {self._keepalived.told()}", flush=True)

    def fail(self, numbers: Iterable[int], how: Callable[[int], None]) -> None:
        """Let services fail."""
        for number in numbers:
            how(number)
            self._failed[self._site.check_id(number)] = time.monotonic()

    def wrongly_out(self) -> list[str]:
        """Return which healthy servers have ever left."""
        return sorted(self._keepalived.left.keys() - self._failed.keys())

    def still_in(self) -> list[str]:
        """Return which dead ones have not."""
        return sorted(self._failed.keys() - self._keepalived.left.keys())

    def delays(self) -> list[int]:
        """Return after how many seconds dead ones were out."""
        left = self._keepalived.left
        return sorted(round(left[each] - since) for each, since in self._failed.items() if each in left)


def test_no_healthy_server_leaves_and_dead_ones_do(network: Network, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.role_file.write_text("1\n")
    site = ManyServices(
        *(network, desk, SERVICES, HOSTS, FEW),
        role_file=f'"{desk.role_file}"',
        interval=PACE.delay_loop,
        timeout=TIMEOUT,
        fall=PACE.retry + 1,
        retry_interval=PACE.delay_before_retry,
    )
    with process(desk, site.director, tmp_path) as daemon:
        keepalived = UnderKeepalived(site.director, daemon.script, site.ids(), PACE)
        Story(site, keepalived).until(PACE.delay_loop + 2.0)
        assert keepalived.readings[-1].runs >= SERVICES
        assert not any(reading.programs for reading in keepalived.readings), "all is answered by the script alone"
        machine, cpu_before = Machine(), keepalived.readings[-1].cpu
        daemon.kill()
        story = Story(site, keepalived)
        story.until(1.0)
        story.fail((0, 7, 14), site.lose_vip)
        story.until(90.0)
        site.unplug_few()
        story.fail(site.of_few(), lambda number: None)
        story.until(160.0)
        story.fail((1000, 1001), site.refuse)
        story.fail((1002,), site.lose_vip)
        story.until(DEAD_FOR)
        busy, whole = machine.busy()
        others = (busy - keepalived.readings[-1].cpu + cpu_before) / whole
        print(f"out after {story.delays()} s, not out {story.still_in()}; others took {others:.0%} of the processors")
        assert story.wrongly_out() == []
        assert max(reading.programs for reading in keepalived.readings) <= SLOTS_OF_A_CORE * len(
            os.sched_getaffinity(0)
        )
        still_in, changes = story.still_in(), list(keepalived.changes)
        daemon.spawn()
        story.until(DEAD_FOR + BACK_FOR)
        back = [each for each in keepalived.changes[len(changes) :] if each.split()[1] not in still_in]
        assert back == [], "nothing changes when it is back"
        assert story.still_in() == []
        keepalived.stop()
    if others > _OTHERS_MOST:
        pytest.skip(f"others took {others:.0%} of the processors: {len(still_in)} were not out, {story.delays()} s")
    assert still_in == [], "all dead ones are out before the daemon is back"
    assert max(story.delays()) <= OUT_WITHIN, "and soon"
