# SPDX-License-Identifier: GPL-2.0-or-later
"""Rulesets as JSON: whatever it holds, what comes out is a list of judgements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.diagnose.doctor.ruleset import DROPPED, UNKNOWN, Packet, Ruleset

PACKET = Packet("10.0.0.21", "10.0.0.42", "tcp", 40000, 80, "", "eth0", "new")
PACKET6 = Packet("2001:db8::21", "2001:db8::42", "udp", 40000, 53, "", "eth0", "new")
NAMES = (
    "filter",
    "inet",
    "c",
    "output",
    "drop",
    "accept",
    "@s",
    "10.0.0.0",
    "eth*",
    "daddr",
    "tcp",
    "new",
    "established",
)
WORDS = (
    *("match", "left", "right", "op", "payload", "protocol", "field", "meta", "key", "ct", "state", "set", "prefix"),
    *("addr", "len", "range", "jump", "target", "drop", "accept", "vmap", "xt", "elem", "val", "limit", "oifname"),
)
scalars = st.none() | st.booleans() | st.integers(-1, 70000) | st.sampled_from(NAMES) | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=12,
)
BASE = {"family": "inet", "table": "f"}
CHAIN = {"chain": {**BASE, "name": "c", "hook": "output", "type": "filter", "policy": "accept"}}


@given(st.lists(st.lists(values, max_size=4), max_size=4), values)
def test_whatever_the_rules_hold(rules: list[list[object]], elements: object) -> None:
    listed = [CHAIN, {"set": {**BASE, "name": "s", "elem": elements}}]
    listed += [{"rule": {**BASE, "chain": "c", "expr": expressions}} for expressions in rules]
    ruleset = Ruleset({"nftables": listed})
    for packet in (PACKET, PACKET6):
        assert {each.verdict for each in ruleset.judge(packet, ("output",))} <= {DROPPED, UNKNOWN}


@given(values)
def test_whatever_is_no_ruleset(told: object) -> None:
    with pytest.raises(ValueError, match="something else"):
        Ruleset(told)
    assert Ruleset({"nftables": [told, {"chain": told}, {"rule": told}]}).judge(PACKET, ("output",)) == []


def test_chains_that_call_one_another_end() -> None:
    jump = {"rule": {**BASE, "chain": "c", "expr": [{"jump": {"target": "c"}}]}}
    (judgement,) = Ruleset({"nftables": [CHAIN, jump]}).judge(PACKET, ("output",))
    assert judgement.verdict == UNKNOWN
