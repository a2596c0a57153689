# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's own keepalived says what it has read, before and after: the only difference is what was planned.

Of the example sites, and, where that folder is, of real sites' configurations: all virtual servers, servers without a
checker and firewall marks included. What keepalived does not start on as it was is listed.
"""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from lvs_rawcheck.generate.notify import Wiring
from lvs_rawcheck.generate.timing import StanzaTimes
from tests.corpus import require_corpus
from tests.generate.example_sites import sites
from tests.lab.conversion.told import pace
from tests.lab.corpus_dump.conversions import Conversion, Converted, convert
from tests.lab.corpus_dump.dumps import (
    Command,
    Script,
    command_of,
    compare_checkers,
    fields_of,
    notify_scripts,
    without_checkers,
    without_scripts,
)
from tests.lab.corpus_dump.places import AFTER, BEFORE, CHECKERS, NODE, VRRP
from tests.lab.output import told_by

pytestmark = pytest.mark.lab

SCENARIO = Path(__file__).resolve().parent / "corpus_dump" / "scenario.py"
EXAMPLES, CORPUS = "examples", "corpus"
STATES = {
    "notify_master": "Master",
    "notify_backup": "Backup",
    "notify_fault": "Fault",
    "notify_stop": "Stop",
    "notify": "Generic",
}
ROOT = "0:0"
# Real sites' configurations on which keepalived 2.2.7 does not start, VRRP taking part. A word is missing in one; in
# the other the VRRP process hangs once it starts IPVS's daemon for connections.
WITHOUT_VRRP_MOST = 2


@dataclass(frozen=True)
class Looked:
    """What was converted, and why there is no dump, by site, side and whether VRRP took part; None: there is one."""

    converted: Converted
    faults: dict[tuple[str, str, bool], str | None]

    def dumps(self, name: str) -> list[tuple[Conversion, str, str]]:
        """Return the conversions with the dumps of this name, before and after."""
        return [
            (each, _text(each.folder, BEFORE, name), _text(each.folder, AFTER, name))
            for each in self.converted.conversions
            if (each.folder / f"{BEFORE}.{name}").exists()
        ]


def _text(folder: Path, side: str, name: str) -> str:
    return (folder / f"{side}.{name}").read_text(encoding="utf-8", errors="surrogateescape")


@pytest.fixture(scope="module", params=[EXAMPLES, pytest.param(CORPUS, marks=pytest.mark.full)])
def looked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    """What keepalived says of all the sites."""
    sources = sites() if request.param == EXAMPLES else require_corpus("keepalived")
    results = tmp_path_factory.mktemp(request.param)
    converted = convert(sources, results)
    told = told_by(SCENARIO, results, limit_s=600.0)
    without_vrrp = sorted({each["site"] for each in told if not each["vrrp"]})
    print(
        f"{len(sources)} configurations: {len(converted.unchanged)} have nothing to do,"
        f" {len(converted.unreadable)} are refused, {len(converted.conversions)} compared"
        f" ({len(without_vrrp)} without VRRP: {', '.join(without_vrrp) or 'none'})"
    )
    return Looked(converted, {(each["site"], each["side"], each["vrrp"]): each["fault"] for each in told})


def planned_checks(conversion: Conversion) -> dict[Command, StanzaTimes]:
    """Return the times of each check that was planned, by its command."""
    checks = [check for server in conversion.plan.servers for check in server.checks]
    found = {check.command: check.times for check in checks if isinstance(check.times, StanzaTimes)}
    assert len(found) == len(checks), conversion.name
    assert all(check.user == "root" for check in checks), conversion.name
    return found


def test_keepalived_starts_on_what_it_started_on(looked: Looked) -> None:
    """Its checkers on everything; with VRRP on all but what it does not start on as it was, either."""
    conversions = looked.converted.conversions
    assert conversions
    without_vrrp = [each.name for each in conversions if looked.faults[each.name, BEFORE, True] is not None]
    for each in conversions:
        with_vrrp = each.name not in without_vrrp
        assert looked.faults[each.name, BEFORE, with_vrrp] is None, each.name
        assert looked.faults[each.name, AFTER, with_vrrp] is None, each.name
    assert len(without_vrrp) <= WITHOUT_VRRP_MOST, without_vrrp


def test_what_is_refused_keepalived_finds_fault_with_as_well(looked: Looked, tmp_path: Path) -> None:
    for name, (source, sentence) in looked.converted.unreadable.items():
        done = subprocess.run(
            ["keepalived", "-t", "-i", NODE, "-f", str(source)], capture_output=True, cwd="/", timeout=30, check=False
        )
        assert done.stderr, (name, sentence)


def test_virtual_servers_real_servers_weights_and_timers_are_the_same(looked: Looked) -> None:
    for conversion, before, after in looked.dumps(CHECKERS):
        assert without_checkers(after) == without_checkers(before), conversion.name


def test_of_the_checkers_only_those_planned_differ_and_each_is_there(looked: Looked) -> None:
    for conversion, before, after in looked.dumps(CHECKERS):
        planned = planned_checks(conversion)
        difference = compare_checkers(before, after, set(planned))
        assert difference.lost == [], conversion.name
        assert len(difference.replaced) == len(conversion.plan.replaced), conversion.name
        ours = [*(new for _, new in difference.replaced), *difference.added]
        assert sorted(filter(None, map(command_of, ours))) == sorted(planned), conversion.name
        for checker in ours:
            times = planned[command_of(checker) or ()]
            expected = {"timeout": str(times.misc_timeout), "uid:gid": ROOT, "dynamic": "NO"}
            assert fields_of(checker) == expected, (conversion.name, checker)


def test_each_check_asks_as_often_as_what_it_replaces(looked: Looked) -> None:
    for conversion, before, after in looked.dumps(CHECKERS):
        for old, new in compare_checkers(before, after, set(planned_checks(conversion))).replaced:
            assert pace(new) == pace(old), conversion.name


def test_vrrp_instances_are_the_same_but_for_their_notify_scripts(looked: Looked) -> None:
    for conversion, before, after in looked.dumps(VRRP):
        assert without_scripts(after) == without_scripts(before), conversion.name


def test_notify_scripts_are_those_planned_and_the_site_s_own_still_run(looked: Looked) -> None:
    for conversion, before, after in looked.dumps(VRRP):
        theirs, now = notify_scripts(before), notify_scripts(after)
        planned = {name: _scripts(wiring) for name, wiring in conversion.plan.wired.items()}
        assert now == {name: theirs.get(name, {}) | planned.get(name, {}) for name in {**theirs, **planned}}, (
            conversion.name
        )
        for name, scripts in planned.items():
            for state in scripts.keys() & theirs.get(name, {}).keys():
                own = theirs[name][state].argv
                assert scripts[state].argv[-len(own) :] == own, (conversion.name, name, state)


def _scripts(wiring: Wiring) -> dict[str, Script]:
    """Return the notify scripts of a wiring as a dump has them; the words of a line as a shell would read them."""
    scripts = {}
    for line in wiring.lines:
        keyword, command, user = shlex.split(line.text.decode())
        assert user == "root"
        scripts[STATES[keyword]] = Script(tuple(shlex.split(command)), ROOT)
    return scripts
