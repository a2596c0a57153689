# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of a block's text, and that it comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lvs_rawcheck.config.ldirectord import read_ldirectord
from lvs_rawcheck.generate.ldirectord.revert import revert
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.splice import spliced
from tests.config.ldirectord.oracle import ACCEPTED, require_ldirectord, status_of, understood
from tests.generate.ldirectord.desk import PATH, block, octets_after, plan, service_files
from tests.generate.ldirectord.edits import CASES
from tests.generate.ldirectord.told import check_of, rest_of, write_all

NAMES = sorted(CASES)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_becomes(name: str) -> None:
    case = CASES[name]
    assert octets_after(plan(case.before, **case.options)).decode() == case.after


@pytest.mark.parametrize("name", NAMES)
def test_a_second_run_plans_nothing(name: str) -> None:
    case = CASES[name]
    again = plan(case.after, **case.options)
    assert again.edits == {}
    assert again.left == []
    assert not again.changes


@pytest.mark.parametrize("name", NAMES)
def test_a_second_run_knows_what_was_there(name: str) -> None:
    case = CASES[name]
    first, second = plan(case.before, **case.options), plan(case.after, **case.options)
    assert service_files(first) == service_files(second)
    assert _without_lines(first) == _without_lines(second)
    assert [server.before for server in first.servers] == [server.before for server in second.servers]


def _without_lines(planned: Plan) -> list[tuple[str, str, str]]:
    return [(each.virtual_server, each.real_server, each.reason) for each in planned.skipped]


@pytest.mark.parametrize("name", NAMES)
def test_what_was_there_can_be_had_back(name: str) -> None:
    case = CASES[name]
    configuration = read_ldirectord(PATH, {PATH: case.after.encode()})
    found = revert(configuration, PlanOptions())
    assert found.lost == []
    assert spliced(case.after.encode(), found.edits.get(PATH, ())) == case.before.encode()


@require_ldirectord
def test_ldirectord_reads_them_as_they_are_meant(tmp_path: Path) -> None:
    paths = write_all(tmp_path, [text.encode() for case in CASES.values() for text in (case.before, case.after)])
    told = understood(paths)
    for (name, case), before, after in zip(CASES.items(), told[::2], told[1::2], strict=True):
        assert rest_of(before) == rest_of(after), name
        planned = plan(case.before, **case.options)
        assert [check_of(each) for each in after["virtuals"]] == _wanted(before["virtuals"], planned), name


@require_ldirectord
@pytest.mark.parametrize("name", ["line ends of another system", "no line end behind what is added"])
def test_ldirectord_takes_them(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    paths = write_all(tmp_path, [case.before.encode(), case.after.encode()])
    assert [status_of(path) for path in paths] == [ACCEPTED, ACCEPTED]


@pytest.mark.full
@require_ldirectord
@pytest.mark.parametrize("name", NAMES)
def test_ldirectord_takes_all_of_them(name: str, tmp_path: Path) -> None:
    test_ldirectord_takes_them(name, tmp_path)


def _wanted(virtuals: list[dict[str, Any]], planned: Plan) -> list[tuple[object, ...]]:
    converted = {server.virtual_server.partition(":")[2]: server for server in planned.servers}
    return [
        check_of(each)
        if (server := converted.get(f"{each['server']}:{each['port']}")) is None
        else ("external", server.checks[0].command[0])
        for each in virtuals
    ]


@pytest.mark.parametrize("step", [" " * 4, "\t", "  \t", " " * 9])
def test_lines_of_ours_are_indented_as_their_place_is(step: str) -> None:
    text = f"virtual=192.0.2.1:80\n{step}real=192.0.2.11:80 gate\n{step}checktype=connect\n"
    lines = octets_after(plan(text)).decode().splitlines()
    assert all(line.startswith(step) for line in lines[1:])


def test_no_blank_line_and_no_number_sign_in_a_value() -> None:
    for case in CASES.values():
        for line in case.after.splitlines():
            ours = line.strip().startswith(("checktype=external", "checkcommand", "checktimeout"))
            assert not (ours and "#" in line)
        assert case.after.count("\n\n") == case.before.count("\n\n")


def test_real_lines_are_never_touched() -> None:
    reals = ['real=192.0.2.11:80 gate 5 "a","b" l:1 u:2', "real=192.0.2.12->192.0.2.14:80   gate\t7"]
    text = block(*reals, "service=http")
    lines = octets_after(plan(text)).decode().splitlines()
    assert all(f"\t{real}" in lines for real in reals)
