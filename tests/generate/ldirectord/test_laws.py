# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for every configuration: nothing but ours changes, once, and all of it comes back."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lvs_rawcheck.checks.request_values import parse_endpoints
from lvs_rawcheck.config.ldirectord import read_ldirectord
from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.generate.ldirectord.revert import revert
from lvs_rawcheck.generate.options import Marked, PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.splice import spliced
from tests.config.ldirectord.oracle import require_ldirectord, understood
from tests.generate.ldirectord.desk import PATH, WRAPPER, octets_after, plan, service_files
from tests.generate.ldirectord.made_up import configurations
from tests.generate.ldirectord.told import rest_of, write_all

OPTIONS: dict[str, object] = {
    "add_missing": True,
    "fwmarks": {7: Marked(tuple(parse_endpoints("192.0.2.1:80,192.0.2.2:80", None)), "tcp")},
}


def sound_plan(octets: bytes) -> Plan:
    """Return a plan; what ldirectord would not read as it is meant is no example."""
    try:
        return plan(octets, **OPTIONS)
    except ConfigError:
        assume(False)
        raise


@given(configurations())
def test_ours_comes_once_and_goes_whole(octets: bytes) -> None:
    first = sound_plan(octets)
    result = octets_after(first)
    second = plan(result, **OPTIONS)
    assert second.edits == {}
    assert service_files(second) == service_files(first)
    assert len(second.skipped) == len(first.skipped)
    found = revert(read_ldirectord(PATH, {PATH: result}), PlanOptions())
    assert spliced(result, found.edits.get(PATH, ())) == octets
    assert sorted(found.stanzas) == sorted(first.services)


@given(configurations())
def test_every_line_stays_or_is_kept(octets: bytes) -> None:
    result = octets_after(sound_plan(octets)).splitlines()
    rest = iter(line.strip(b" \t") for line in result)
    for line in octets.splitlines():
        text = line.strip(b" \t")
        assert any(now in (text, b"#|" + text, b"#|" + text + b"|") for now in rest), text


@given(configurations())
def test_every_server_is_planned_or_left_for_a_reason(octets: bytes) -> None:
    planned = sound_plan(octets)
    virtuals = read_ldirectord(PATH, {PATH: octets}).site.virtuals
    left = {skip.virtual_server for skip in planned.skipped}
    converted = {server.virtual_server for server in planned.servers}
    assert not left & converted
    assert left | converted == {virtual.label for virtual in virtuals if virtual.reals}
    for virtual in virtuals:
        found = [skip for skip in planned.skipped if skip.virtual_server == virtual.label]
        assert len(found) in (0, len(virtual.reals))
        assert all(skip.reason for skip in found)


@given(configurations(), st.data())
def test_a_few_virtuals_at_a_time_come_to_the_same(octets: bytes, data: st.DataObject) -> None:
    whole = octets_after(sound_plan(octets))
    labels = [virtual.label for virtual in read_ldirectord(PATH, {PATH: octets}).site.virtuals]
    octets_now = octets
    for label in data.draw(st.permutations(labels)):
        octets_now = octets_after(plan(octets_now, only=(label,), **OPTIONS))
    assert octets_now == whole


@given(st.binary(max_size=300))
@example(b"virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n\t# lvs-rawcheck x, added\n")
@example(b"# lvs-rawcheck x, in place of:\n#|checktype=on\nchecktype=external")
@example(b"virtual=192.0.2.1:80\n\t# lvs-rawcheck ../x, in place of:\n\t#|checktype=on\n\tchecktype=external\n")
def test_whatever_the_file_is_it_is_a_plan_or_an_error_with_its_place(octets: bytes) -> None:
    try:
        planned = plan(octets, **OPTIONS)
    except ConfigError:
        return
    assert plan(octets_after(planned), **OPTIONS).edits == {}


@given(configurations(), st.integers(0, 10_000), st.sampled_from((b"", b"\t", b"\n", b"#", b"checktype=connect\n\t")))
def test_whatever_is_changed_in_a_planned_file(octets: bytes, place: int, new: bytes) -> None:
    result = octets_after(sound_plan(octets))
    place %= len(result) + 1
    changed = result[:place] + new + result[place + (new == b"") :]
    try:
        planned = plan(changed, **OPTIONS)
    except ConfigError:
        return
    assert plan(octets_after(planned), **OPTIONS).edits == {}


@require_ldirectord
@settings(max_examples=3)
@given(st.lists(configurations(), min_size=15, max_size=15))
def test_ldirectord_finds_nothing_else_changed(texts: list[bytes]) -> None:
    plans = []
    for octets in texts:
        with suppress(ConfigError):
            plans.append(plan(octets, **OPTIONS))
    pairs = [octets for planned in plans for octets in (planned.octets[PATH], octets_after(planned))]
    with TemporaryDirectory(prefix="rawcheck-laws-") as folder:
        told = understood(write_all(Path(folder), pairs))
    for planned, before, after in zip(plans, told[::2], told[1::2], strict=True):
        assert rest_of(before) == rest_of(after)
        external = [virtual["checkcommand"] for virtual in after["virtuals"] if virtual["checktype"] == "external"]
        ours = [f"{WRAPPER}{name}" for name in planned.services]
        assert sorted(each for each in external if each.startswith(WRAPPER)) == sorted(ours)
