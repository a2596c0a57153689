# SPDX-License-Identifier: GPL-2.0-or-later
"""Several virtuals on the same real servers: each goes by its own checks, and loses its own servers only."""

from __future__ import annotations

import pytest

from tests.ldirectord.harness import Ldirectord, block, needs_ldirectord, settings

pytestmark = needs_ldirectord

VIPS = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
FIRST, SECOND = "192.168.6.2", "192.168.6.3"
BOTH = {f"{FIRST}:80": 1, f"{SECOND}:80": 1}
REALS = [f"{FIRST}:80 gate", f"{SECOND}:80 gate"]
both_modes = pytest.mark.parametrize("fork", ["no", "yes"])


def service(vip: str) -> str:
    return f"tcp-{vip}-80"


def own_wrappers(ldirectord: Ldirectord, *lines: str) -> list[str]:
    """Return a virtual for each VIP on both servers, each with a wrapper of its own."""
    return [block(f"virtual={vip}:80", ldirectord.wrapper(service(vip)), REALS, *lines) for vip in VIPS]


def one_program(ldirectord: Ldirectord, *lines: str) -> list[str]:
    """Return the same virtuals, all with the same program, which asks about the VIP that it was given."""
    text = f'#!/bin/sh\nrip=$3; set -- "tcp-$1-$2/$rip"\n. {ldirectord.scripts}/verdict\n'
    program = ldirectord.program("one-program", text)
    return [block(f"virtual={vip}:80", program, REALS, *lines) for vip in VIPS]


def without_second(*vips: str) -> dict[str, dict[str, int]]:
    """Return the table: SECOND is missing in these virtuals."""
    return {f"TCP {vip}:80": {f"{FIRST}:80": 1} if vip in vips else BOTH for vip in VIPS}


@both_modes
@pytest.mark.parametrize("vip", [VIPS[1], pytest.param(VIPS[0], marks=pytest.mark.full)])
def test_only_the_vip_that_fails_loses_the_server(fork: str, vip: str) -> None:
    failing = f"{service(vip)}/{SECOND}"
    with Ldirectord() as ldirectord:
        ldirectord.start(settings(f"fork={fork}"), *own_wrappers(ldirectord))
        ldirectord.wait_for_table(without_second())
        ldirectord.answer(failing, "exit 1")
        ldirectord.wait_for_table(without_second(vip))
        ldirectord.wait_for_checks(failing, 0)
        assert ldirectord.table() == without_second(vip)
        ldirectord.answer(failing, None)
        ldirectord.wait_for_table(without_second())
        assert set(ldirectord.asked()) == {f"{service(each)}/{real}" for each in VIPS for real in (FIRST, SECOND)}


@pytest.mark.full
@both_modes
def test_why_not_one_program_the_first_virtual_takes_the_server_from_all(fork: str) -> None:
    with Ldirectord() as ldirectord:
        ldirectord.start(settings(f"fork={fork}"), *one_program(ldirectord))
        ldirectord.wait_for_table(without_second())
        ldirectord.answer(f"{service(VIPS[0])}/{SECOND}", "exit 1")
        ldirectord.wait_for_table(without_second(*VIPS))


@pytest.mark.full
def test_why_not_one_program_the_other_virtuals_are_not_checked() -> None:
    with Ldirectord() as ldirectord:
        ldirectord.answer(f"{service(VIPS[1])}/{SECOND}", "exit 1")
        ldirectord.start(settings(), *one_program(ldirectord))
        ldirectord.wait_for_checks(f"{service(VIPS[0])}/{SECOND}", 3)
        assert ldirectord.table() == without_second()
        assert {each.partition("/")[0] for each in ldirectord.asked()} == {service(VIPS[0])}


@pytest.mark.parametrize("fork", ["no", pytest.param("yes", marks=pytest.mark.full)])
def test_each_virtual_loses_the_server_at_the_third_failure(fork: str) -> None:
    with Ldirectord() as ldirectord:
        ldirectord.start(settings(f"fork={fork}", "failurecount=3"), *own_wrappers(ldirectord))
        ldirectord.wait_for_table(without_second())
        for vip in VIPS:
            ldirectord.answer(f"{service(vip)}/{SECOND}", "exit 1")
        ldirectord.wait_for_table(without_second(*VIPS))
        for vip in VIPS:
            assert soft_failures(ldirectord, vip) == ["1/3", "2/3"]


@pytest.mark.full
def test_why_not_one_program_a_failure_counts_once_for_each_virtual() -> None:
    with Ldirectord() as ldirectord:
        ldirectord.start(settings("failurecount=3"), *one_program(ldirectord))
        ldirectord.wait_for_table(without_second())
        ldirectord.answer(f"{service(VIPS[0])}/{SECOND}", "exit 1")
        ldirectord.wait_for_table(without_second(VIPS[2]))
        assert soft_failures(ldirectord, VIPS[2]) == []


def soft_failures(ldirectord: Ldirectord, vip: str) -> list[str]:
    """Return the counts of the failures of SECOND that took nothing from this virtual."""
    begin = f"Soft failure real server: {SECOND}:80 (tcp:{vip}:80) failure "
    return [line.removeprefix(begin) for line in ldirectord.log().splitlines() if line.startswith(begin)]
