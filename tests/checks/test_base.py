# SPDX-License-Identifier: GPL-2.0-or-later
"""Reasons, results and the object that programs read."""

from __future__ import annotations

import json

import pytest

from lvs_rawcheck.checks.base import RAW, REASONS, STANDARD, Endpoint, Reason, Result, Verdict, worst
from tests.checks.site import packed

REAL, VIP, VIP_V6 = packed("10.0.0.42"), packed("10.0.0.100"), packed("2001:db8::100")


def result(reason: str, vip: bytes = VIP) -> Result:
    return Result("tcp", REAL, Endpoint(vip, 80), Verdict(reason, f"a detail of {reason}"))


def test_the_reasons_are_a_closed_list_in_the_order_in_which_a_check_meets_them() -> None:
    words = (
        "ok cannot-judge not-on-link no-neighbour no-answer looped unreachable wrong-address wrong-mac refused"
        " timeout closed protocol tls status header body digest regex response"
    )
    assert words.split() == list(REASONS)


@pytest.mark.parametrize("reason", REASONS)
def test_only_ok_is_healthy(reason: str) -> None:
    assert result(reason).healthy is (reason == "ok")
    assert Verdict(reason, "").healthy is (reason == "ok")


def test_json_has_exactly_these_fields() -> None:
    made = result(Reason.OK)
    made.path = RAW
    made.role = "master"
    made.elapsed_ms = 1.23456
    made.phases_ms = {"resolve": 0.00049, "connect": 0.5}
    assert json.loads(json.dumps(made.to_dict())) == {
        "healthy": True,
        "reason": "ok",
        "detail": "a detail of ok",
        "path": "raw",
        "role": "master",
        "real_server": "10.0.0.42",
        "vip": "10.0.0.100",
        "port": 80,
        "kind": "tcp",
        "elapsed_ms": 1.235,
        "phases_ms": {"resolve": 0.0, "connect": 0.5},
    }


def test_json_of_a_check_that_named_nothing() -> None:
    values = Result("tcp", None, None, Verdict(Reason.CANNOT_JUDGE, "why")).to_dict()
    assert [values[name] for name in ("real_server", "vip", "port", "path", "role")] == [None] * 5


def test_json_says_degraded_only_where_it_is() -> None:
    made = result(Reason.OK)
    assert "degraded" not in made.to_dict()
    made.degraded = True
    assert made.to_dict()["degraded"] is True


def test_json_lists_several_vips() -> None:
    made = result(Reason.REFUSED)
    assert "vips" not in made.to_dict()
    made.vips = [result(Reason.OK, VIP_V6), result(Reason.REFUSED)]
    vips = made.to_dict()["vips"]
    assert isinstance(vips, list)
    assert [(each["vip"], each["reason"]) for each in vips] == [("2001:db8::100", "ok"), ("10.0.0.100", "refused")]


def test_the_worst_is_the_one_that_got_least_far() -> None:
    in_order = [result(reason) for reason in REASONS]
    for position in range(1, len(in_order)):
        assert worst(in_order[position:]) is in_order[position]
        assert worst(in_order[position:][::-1]) is in_order[position]
        assert worst([in_order[0], in_order[position]]) is in_order[position], "ok is never the worst"
    assert worst([in_order[0]]) is in_order[0]


def test_of_equals_the_first_is_the_worst() -> None:
    first, second = result(Reason.REFUSED), result(Reason.REFUSED)
    assert worst([result(Reason.OK), first, second]) is first


def test_the_operator_s_line() -> None:
    made = result(Reason.REFUSED)
    assert str(made) == "10.0.0.100:80 via 10.0.0.42 down: refused: a detail of refused"
    made.path = STANDARD
    assert str(made) == "10.0.0.100:80 via 10.0.0.42 down: refused (standard check): a detail of refused"
    made.verdict = Verdict(Reason.OK, "connected")
    made.degraded = True
    assert str(made).endswith("up (standard check: the raw one could not judge): connected")
    assert str(Endpoint(VIP_V6, 443)) == "[2001:db8::100]:443"
