# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans for configurations of real sites: none crashes, each comes to rest, and keepalived takes every result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.generate.keepalived.candidate import judge_by_keepalived
from lvs_rawcheck.generate.keepalived.planner import plan_keepalived
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.plan import Plan
from tests.corpus import require_corpus

NODE = "node1"
VERSION = (2, 2, 7)
IN_PLACE = PlanOptions()
BESIDE = PlanOptions(keep_existing=True, add_missing=True)
INLINE = PlanOptions(style="inline", add_missing=True, standby="raw")
SOME_AT_LEAST = 100  # real servers in all of the corpus that get raw checks
FEW = 5  # every so manieth in a quick test


def plan(path: Path, options: PlanOptions, overlay: dict[str, bytes] | None = None) -> Plan | None:
    """Return the plan, None where the configuration is refused with a place in it."""
    try:
        return plan_keepalived(str(path), options, NODE, VERSION, lambda: None, overlay)
    except ConfigError:
        return None


def plans(options: PlanOptions, step: int = 1) -> Iterator[tuple[Path, Plan]]:
    """Yield the plans of those files for which there is one that changes something."""
    for path in require_corpus("keepalived")[::step]:
        found = plan(path, options)
        if found is not None and found.edits:
            yield path, found


def come_to_rest(options: PlanOptions, others: PlanOptions, step: int = 1) -> int:
    """Assert that each plan, carried out, leaves nothing to do, nor a crash to those who ask for something else."""
    servers = 0
    for path, first in plans(options, step):
        result = first.result()
        again = plan(path, options, result)
        assert again is not None, path
        assert (again.edits, again.left) == ({}, []), path
        assert plan(path, others, result) is not None, path
        servers += len(first.changes)
    return servers


def test_plans_come_to_rest() -> None:
    assert come_to_rest(IN_PLACE, BESIDE) > SOME_AT_LEAST


@pytest.mark.full
@pytest.mark.parametrize(("options", "others"), [(BESIDE, IN_PLACE), (INLINE, BESIDE), (IN_PLACE, INLINE)])
def test_plans_of_other_kinds_come_to_rest(options: PlanOptions, others: PlanOptions) -> None:
    assert come_to_rest(options, others) > SOME_AT_LEAST


@pytest.mark.netns
@pytest.mark.parametrize("step", [pytest.param(FEW, id="some"), pytest.param(1, id="all", marks=pytest.mark.full)])
def test_keepalived_says_nothing_new(step: int) -> None:
    judged = 0
    for path, planned in plans(IN_PLACE, step):
        judgement = judge_by_keepalived(str(path), planned.result(), NODE)
        assert judgement.refusals == [], path
        judged += not judgement.notes
    assert judged > SOME_AT_LEAST // 4 // step
