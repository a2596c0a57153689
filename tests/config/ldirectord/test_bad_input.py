# SPDX-License-Identifier: GPL-2.0-or-later
"""Any file at all: its octets come back, and nothing but ConfigError is raised."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.config.ldirectord import Configuration, kinds, read_ldirectord
from lvs_rawcheck.config.ldirectord.directives import GLOBAL
from lvs_rawcheck.config.tree import join_leaves
from lvs_rawcheck.errors import ConfigError
from tests.config.ldirectord import made_up
from tests.config.ldirectord.texts import PATH, block, error_kinds, read
from tests.corpus import require_corpus

LINES = [line.encode() for line in (*made_up.GLOBALS, *made_up.OPENINGS, *(f"    {line}" for line in made_up.INSIDE))]
ODD = [b"\n", b"\r\n", b"\r", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"#", b'"', b"    ", b"\t", b"real=", b"[", b"->"]


def require_whole(found: Configuration, octets: bytes) -> None:
    """Assert what holds for any text."""
    leaves = found.leaves(found.main.path)
    assert join_leaves(leaves) == octets == found.text(found.main.path)
    for leaf in leaves:
        assert octets[leaf.offset :].startswith(leaf.value)
    for finding in found.findings:
        assert finding.message
        assert 0 <= finding.span.start <= finding.span.end <= len(octets)
        assert finding.kind in kinds.REFUSED | kinds.MISREAD or finding.severity == "warning"
    for virtual in found.site.virtuals:
        assert virtual.span is not None
        assert virtual.span.octets.startswith(b"virtual")
        for directives in virtual.directives.values():
            for directive in directives:
                assert virtual.span.start <= directive.span.start <= directive.span.end <= virtual.span.end


@given(octets=st.binary(max_size=300))
def test_any_octets(octets: bytes) -> None:
    require_whole(read(octets), octets)


@given(lines=st.lists(st.one_of(st.sampled_from(LINES), st.sampled_from(ODD), st.binary(max_size=8)), max_size=25))
def test_any_lines(lines: list[bytes]) -> None:
    for octets in (b"\n".join(lines), b"".join(lines)):
        require_whole(read(octets), octets)


@given(value=st.binary(max_size=60), line=st.sampled_from(LINES))
def test_any_value(value: bytes, line: bytes) -> None:
    octets = b"virtual=192.0.2.1:80\n" + line.partition(b"=")[0] + b"=" + value
    require_whole(read(octets), octets)


def test_changed_texts() -> None:
    chance = random.Random(3)
    for _ in range(300):
        octets = made_up.text(chance)
        require_whole(read(octets), octets)


def test_real_configurations() -> None:
    for prefix in ("ldirectord", "l7directord"):
        for path in require_corpus(prefix):
            octets = path.read_bytes()
            require_whole(read(octets), octets)


@pytest.mark.parametrize("what", ["nothing", "directory", "fifo", "nul"])
def test_files_that_cannot_be_read(tmp_path: Path, what: str) -> None:
    main = tmp_path / "ldirectord.cf"
    if what == "directory":
        main.mkdir()
    elif what == "fifo":
        os.mkfifo(main)
    with pytest.raises(ConfigError, match=r"ldirectord\.cf.*: it|ldirectord\.cf.*: a NUL"):
        read_ldirectord(f"{main}\0" if what == "nul" else str(main))


def test_a_file_and_what_stands_for_it(tmp_path: Path) -> None:
    main = tmp_path / "ldirectord.cf"
    main.write_text(block(opening="virtual=7"))
    link = tmp_path / "link.cf"
    link.symlink_to(main)
    assert read_ldirectord(str(link)).main.path == str(main)
    assert read_ldirectord(str(link), {str(main): b"fork=yes\n"}).site.settings.fork


def test_the_first_error_is_raised() -> None:
    found = read("checktimeout=3\n\nfork=maybe\n" + block("service=ssh"))
    with pytest.raises(ConfigError, match=rf"^{PATH}:3:6: fork: 'maybe' is neither 'yes' nor 'no'$"):
        found.require_sound()
    assert [(each.span.line, each.span.column) for each in found.errors] == [(3, 6), (5, 13)]
    assert [leaf.value for leaf in found.leaves(PATH) if leaf.problem] == [b"fork=maybe", b"service=ssh"]


def test_octets_that_are_no_text() -> None:
    assert error_kinds(block("virtualhost=a\0b")) == [kinds.NUL]
    assert read(block("virtualhost=x").encode().replace(b"x", b"\xe9")).site.virtuals[0].virtualhost == "\udce9"


def test_many_blocks_are_read_in_time_that_grows_with_them() -> None:
    blocks = (
        block("real=192.0.2.8->192.0.2.11:80 gate", "oops", opening=f"virtual=10.{number // 256}.{number % 256}.1:80")
        for number in range(2000)
    )
    found = read("".join(blocks))
    assert len(found.site.virtuals) == len(found.errors) == 2000
    assert all(len(virtual.obstacles) == 1 for virtual in found.site.virtuals)


@pytest.mark.parametrize("name", sorted(GLOBAL))
@pytest.mark.parametrize("value", [" " * 50_000 + "x", " ," * 25_000, '"' * 50_000, ":" * 50_000, "1" * 50_000 + "x"])
def test_a_long_value_is_read_in_time_linear_in_its_length(name: str, value: str) -> None:
    """Milliseconds; where it grew with the square of the length, it was seconds."""
    began = time.process_time()
    read(f"{name}={value}\nvirtual=192.0.2.1:80\n    {name}={value}\n")
    assert time.process_time() - began < 2.0
