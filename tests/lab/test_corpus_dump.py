# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's own keepalived says what it has read, before and after: the only difference is what was planned.

Of the example sites, and, where that folder is, of real sites' configurations, also as they would be if they forwarded
directly: all virtual servers, servers without a checker and firewall marks included. What keepalived does not start on
as it was is counted.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lvs_rawcheck.generate.keepalived.notify import Wiring
from lvs_rawcheck.generate.keepalived.timing import StanzaTimes
from lvs_rawcheck.generate.plan import PlannedCheck
from tests.corpus import require_corpus
from tests.generate.example_sites import MAIN, sites
from tests.lab.conversion.told import pace
from tests.lab.corpus_dump.conversions import Conversion, Converted, convert, of_files, of_site
from tests.lab.corpus_dump.dumps import (
    Command,
    Difference,
    Script,
    command_of,
    compare_checkers,
    fields_of,
    notify_scripts,
    without_checkers,
    without_scripts,
)
from tests.lab.corpus_dump.places import AFTER, BEFORE, CHECKERS, NODE, REFUSED, VRRP
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
# Of real sites' configurations. Not taken: a word is missing. Without VRRP: one is missing there, or the VRRP process
# hangs in the laboratory once it starts IPVS's daemon for connections.
NOT_TAKEN_MOST = 1
WITHOUT_VRRP_MOST = 4


@dataclass(frozen=True)
class Looked:
    """What was converted, and why there is no dump, by site, side and whether VRRP took part; None: there is one."""

    results: Path
    converted: Converted
    faults: dict[tuple[str, str, bool], str | None]

    def without_vrrp(self) -> list[str]:
        """Return the names of those that it takes as they were, but for their VRRP instances."""
        return [name for name, side, vrrp in self.faults if not vrrp and side == AFTER]

    def not_taken(self) -> list[str]:
        """Return the names of those that it does not take as they were."""
        return [name for (name, _, vrrp), fault in self.faults.items() if not vrrp and fault is not None]

    def dumps(self, name: str) -> Iterator[tuple[Conversion, str, str]]:
        """Yield the conversions with the dumps of this name, before and after."""
        for each in self.converted.conversions:
            if each.name in self.not_taken():
                continue
            if name == VRRP and not (each.folder / f"{BEFORE}.{VRRP}").exists():
                assert each.name in self.without_vrrp() or not each.plan.wired, each.name
                continue
            yield each, _text(each.folder, BEFORE, name), _text(each.folder, AFTER, name)


def _text(folder: Path, side: str, name: str) -> str:
    return (folder / f"{side}.{name}").read_text(encoding="utf-8", errors="surrogateescape")


@pytest.fixture(scope="module", params=[EXAMPLES, pytest.param(CORPUS, marks=pytest.mark.full)])
def looked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    """What keepalived says of all the sites."""
    sources = [of_site(path) for path in sites()]
    if request.param == CORPUS:
        sources = of_files(require_corpus("keepalived"))
    results = tmp_path_factory.mktemp(request.param)
    converted = convert(sources, results)
    told = told_by(SCENARIO, results, limit_s=600.0)
    looked = Looked(results, converted, {(each["site"], each["side"], each["vrrp"]): each["fault"] for each in told})
    print(
        f"{len(sources)} configurations: {len(converted.unchanged)} with nothing to do,"
        f" {len(converted.unreadable)} refused,"
        f" {len(converted.conversions)} converted; of these keepalived does not take {looked.not_taken()},"
        f" and without VRRP alone {looked.without_vrrp()}"
    )
    return looked


def planned_checks(conversion: Conversion) -> list[tuple[Command, str]]:
    """Return command and `misc_timeout` of each check that was planned, in order of the commands."""
    checks = [check for server in conversion.plan.servers for check in server.checks]
    assert all(check.user == "root" for check in checks), conversion.name
    return sorted((check.command, str(_stanza_times(check).misc_timeout)) for check in checks)


def _stanza_times(check: PlannedCheck) -> StanzaTimes:
    assert isinstance(check.times, StanzaTimes)
    return check.times


def difference_of(conversion: Conversion, before: str, after: str) -> Difference:
    """Return what became of the checkers."""
    return compare_checkers(before, after, {command for command, _ in planned_checks(conversion)})


def test_keepalived_starts_on_what_it_started_on(looked: Looked) -> None:
    """Everything else is compared."""
    assert looked.converted.conversions
    after = {(name, vrrp): fault for (name, side, vrrp), fault in looked.faults.items() if side == AFTER}
    compared = {each.name for each in looked.converted.conversions} - {*looked.not_taken()}
    assert after == {(name, name not in looked.without_vrrp()): None for name in compared}
    assert len(looked.not_taken()) <= NOT_TAKEN_MOST
    assert len(looked.without_vrrp()) <= WITHOUT_VRRP_MOST


def test_what_is_refused_keepalived_finds_fault_with_as_well(looked: Looked) -> None:
    for name, sentence in looked.converted.unreadable.items():
        conf = looked.results / REFUSED / name / BEFORE / MAIN
        command = ["keepalived", "-t", "-i", NODE, "-f", str(conf)]
        done = subprocess.run(command, capture_output=True, cwd="/", timeout=30, check=False)
        assert done.stderr, (name, sentence)


def test_virtual_servers_real_servers_weights_and_timers_are_the_same(looked: Looked) -> None:
    for conversion, before, after in looked.dumps(CHECKERS):
        assert without_checkers(after) == without_checkers(before), conversion.name


def test_of_the_checkers_only_those_planned_differ_and_each_is_there(looked: Looked) -> None:
    for conversion, before, after in looked.dumps(CHECKERS):
        difference = difference_of(conversion, before, after)
        assert difference.lost == [], conversion.name
        assert len(difference.replaced) == len(conversion.plan.replaced), conversion.name
        ours = [*(new for _, new in difference.replaced), *difference.added]
        told = [(command_of(checker) or (), fields_of(checker)) for checker in ours]
        assert sorted((command, own["timeout"]) for command, own in told) == planned_checks(conversion), conversion.name
        assert all((own["uid:gid"], own["dynamic"]) == (ROOT, "NO") for _, own in told), conversion.name


def test_each_check_asks_as_often_as_what_it_replaces(looked: Looked) -> None:
    for conversion, before, after in looked.dumps(CHECKERS):
        for old, new in difference_of(conversion, before, after).replaced:
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
