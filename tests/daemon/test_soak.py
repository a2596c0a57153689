# SPDX-License-Identifier: GPL-2.0-or-later
"""The soak itself: it runs, it finds a daemon that leaks, and it judges figures as it should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.soak import Plan, soak
from tests.bench.soak_watch import Sample, Transitions, growth
from tests.cli.commands import LAUNCHER

SHORT = Plan(seconds=6.0, services=10)
# The launcher of a daemon that keeps 10 KiB, and a descriptor, of every result.
_LEAKY = """
import os, sys
sys.path.insert(0, {root!r})
from lvs_rawcheck.cli import main
from lvs_rawcheck.daemon.whole import WholeDaemon
note, kept = WholeDaemon._note, []
def leak(self, state, now):
    kept.append((bytearray(10240), os.dup(2)))
    note(self, state, now)
WholeDaemon._note = leak
sys.exit(main.main())
"""


def held(**further: int) -> Sample:
    """Return a sample as they all are, but for what is given."""
    return Sample(**{"rss": 50_000, "descriptors": 900, "threads": 1, "children": 0, "cpu": 0, **further})


def series(of: Callable[[int], Sample]) -> list[Sample]:
    """Return an hour's samples. of: what was held in a second."""
    return [of(second) for second in range(3600)]


@pytest.mark.parametrize(
    ("of", "fault"),
    [
        (lambda second: held(rss=50_000 + second // 4), "memory grew by 1."),
        (lambda second: held(descriptors=900 + second // 400), "descriptors grew"),
        (lambda second: held(threads=1 + second // 3000), "threads grew"),
        (lambda second: held(children=second // 3000), "children grew"),
    ],
    ids=["memory", "descriptors", "threads", "children"],
)
def test_what_grows_slowly_is_found(of: Callable[[int], Sample], fault: str) -> None:
    faults = growth(series(of)).faults()
    assert [each[: len(fault)] for each in faults] == [fault]


@pytest.mark.parametrize(
    "of",
    [
        lambda second: held(),
        lambda second: held(rss=50_000 + second // 15),
        lambda second: held(rss=40_000 + min(second, 600) * 10, descriptors=300 + min(second, 600)),  # the warm-up
        lambda second: held(rss=50_000 + second * 7919 % 400, descriptors=900 + second * 7919 % 40),
    ],
    ids=["nothing", "too little", "the warm-up", "up and down"],
)
def test_what_does_not_grow_is_not(of: Callable[[int], Sample]) -> None:
    assert growth(series(of)).faults() == []


def test_a_healthy_server_that_flaps_is_found(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("web/10.0.0.1 down: no-answer: x\nweb/10.0.0.11 down: refused: x\nweb/10.0.0.2 unknown: x\nweb/10.0")
    transitions = Transitions(log, ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
    transitions.read()
    assert [line.partition(":")[0] for line in transitions.flaps] == ["web/10.0.0.1 down", "web/10.0.0.2 unknown"]
    with log.open("a") as file:
        file.write(".0.3 down: timeout: x\nweb/10.0.0.1 up: ok: x\n")
    transitions.read()
    assert transitions.flaps[2:] == ["web/10.0.0.3 down: timeout: x"]
    assert transitions.count == 4


@pytest.mark.netns
@pytest.mark.full
def test_a_short_one() -> None:
    lines: list[str] = []
    faults = soak(SHORT, lines.append)
    assert [each for each in faults if "grew" not in each] == [], "so short a time is all warm-up"
    assert any("check_asked" in line for line in lines)
    assert any("roles_flap" in line for line in lines)


@pytest.mark.netns
@pytest.mark.full
def test_a_leak_is_found(tmp_path: Path) -> None:
    launcher = tmp_path / "leaky.py"
    launcher.write_text(_LEAKY.format(root=str(LAUNCHER.parents[2])))
    faults = soak(Plan(SHORT.seconds, SHORT.services, launcher), lambda line: None)
    assert [each.split()[0] for each in faults if "grew" in each] == ["memory", "descriptors"]
    percent = next(each.split()[3].rstrip("%,") for each in faults if each.startswith("memory"))
    assert float(percent) > 10.0, faults
