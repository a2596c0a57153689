# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked by an ldirectord.cf: each virtual's own check, fallbacks, and in place of what says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.from_ldirectord import add_ldirectord
from tests.corpus import require_corpus
from tests.diagnose.audit.reading import lines_of, new_wanted, of_ldirectord

REALS = "\treal=10.0.0.42:80 gate\n"
EXAMPLES = sorted(path.parent for path in (Path(__file__).parents[3] / "examples/ldirectord").glob("*/ldirectord.cf"))


def _virtual(lines: str, head: str = "virtual=10.0.0.100:80\n", reals: str = REALS) -> str:
    return head + reals + "".join(f"\t{line}\n" for line in lines.splitlines())


@pytest.mark.parametrize(
    ("lines", "kind", "instead"),
    [
        ("checktype=connect", "tcp", ""),
        ('service=http\nrequest="index.html"\nreceive="OK"', "http", ""),
        ("checktype=ping", "ping", ""),
        ("checktype=off", "tcp", "asked by tcp: off asks no service, its servers are never put in"),
        ("checktype=on", "tcp", "asked by tcp: on asks no service, its servers are always up"),
        ("checktype=negotiate\nservice=none", "tcp", "asked by tcp: the site has no check of it"),
        ("checktype=external\ncheckcommand=/bin/true", "tcp", "asked by tcp: external is a program of the site's"),
        ("checktype=connect\ncheckport=8080", "tcp", "asked by tcp: its own check asks port 8080"),
    ],
)
def test_checktypes(tmp_path: Path, lines: str, kind: str, instead: str) -> None:
    wanted = of_ldirectord(tmp_path, _virtual(lines))
    assert lines_of(wanted) == [f"{kind} 10.0.0.42 10.0.0.100:80"]
    assert [target.instead for target in wanted.targets] == [instead]
    assert (wanted.gaps, wanted.notes, wanted.findings) == ([], [], [])


def test_udp_is_asked_by_an_echo_as_ldirectord_does(tmp_path: Path) -> None:
    wanted = of_ldirectord(tmp_path, _virtual("protocol=udp\nchecktype=connect"))
    assert lines_of(wanted) == ["ping 10.0.0.42 10.0.0.100:80 udp"]


@pytest.mark.parametrize(
    ("fallback", "line"),
    [
        ("10.0.0.99:80 gate", "tcp 10.0.0.99 10.0.0.100:80 sorry"),
        ("10.0.0.99", "tcp 10.0.0.99 10.0.0.100:80 sorry"),
        ("127.0.0.1:8080 gate", "tcp 127.0.0.1 10.0.0.100:80 sorry"),
    ],
)
@pytest.mark.parametrize("of_all", [False, True])
def test_fallbacks(tmp_path: Path, fallback: str, line: str, of_all: bool) -> None:
    own, above = ("", f"fallback={fallback}\n") if of_all else (f"\nfallback={fallback}", "")
    wanted = of_ldirectord(tmp_path, above + _virtual(f"checktype=connect{own}"))
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:80", line]


def test_the_own_fallback_counts_and_that_of_all_is_for_its_family(tmp_path: Path) -> None:
    above = "fallback=10.0.0.98\n"
    six = _virtual("checktype=connect", "virtual6=[2001:db8::100]:80\n", "\treal6=[2001:db8::42]:80 gate\n")
    wanted = of_ldirectord(tmp_path, above + _virtual("checktype=connect\nfallback=10.0.0.99") + six)
    assert lines_of(wanted) == [
        "tcp 10.0.0.42 10.0.0.100:80",
        "tcp 10.0.0.99 10.0.0.100:80 sorry",
        "tcp 2001:db8::42 [2001:db8::100]:80",
    ]


def test_a_fallback_of_ipv6_with_and_without_port(tmp_path: Path) -> None:
    reals = "\treal6=[2001:db8::42]:80 gate\n"
    for written in ("[2001:db8::99]:80 gate", "[2001:db8::99]"):
        text = _virtual(f"checktype=connect\nfallback6={written}", "virtual6=[2001:db8::100]:80\n", reals)
        assert lines_of(of_ldirectord(tmp_path, text))[1:] == ["tcp 2001:db8::99 [2001:db8::100]:80 sorry"]


def test_a_fallback_that_is_forwarded_to_otherwise_or_is_a_name(tmp_path: Path) -> None:
    wanted = of_ldirectord(tmp_path, _virtual("checktype=connect\nfallback=10.0.0.99:80 masq"))
    assert ["fallback: 1 real server by masq" in note for note in wanted.notes] == [True]
    wanted = of_ldirectord(tmp_path, _virtual("checktype=connect\nfallback=sorry.example.com"))
    assert any("the fallback was not asked: it is a name" in gap for gap in wanted.gaps)


def test_reals_by_other_methods_and_by_name(tmp_path: Path) -> None:
    reals = REALS + "\treal=10.0.0.43:80 masq\n\treal=10.0.0.44:80 ipip\n\treal=web.example.com:80 gate\n"
    wanted = of_ldirectord(tmp_path, _virtual("checktype=connect", reals=reals))
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:80"]
    assert [note.partition(": ")[2].partition(": ")[2] for note in wanted.notes] == [
        "1 real server by masq: no data path of this kind, left out",
        "1 real server by ipip: no data path of this kind, left out",
    ]
    assert any("web.example.com:80 was not asked: it is a name" in gap for gap in wanted.gaps)


def test_port_translation(tmp_path: Path) -> None:
    wanted = of_ldirectord(tmp_path, _virtual("checktype=connect", reals="\treal=10.0.0.42:8080 gate\n"))
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:80"]
    assert [finding.cause for finding in wanted.findings] == [signatures.PORT_TRANSLATION]


def test_firewall_marks(tmp_path: Path) -> None:
    text = _virtual("checktype=connect", "virtual=7\n")
    assert ["--fwmark 7=VIP:PORT" in gap for gap in of_ldirectord(tmp_path, text).gaps] == [True]
    wanted = of_ldirectord(tmp_path, text, "7=10.0.0.100:80,10.0.0.101:80")
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:80", "tcp 10.0.0.42 10.0.0.101:80"]


@pytest.mark.parametrize("site", EXAMPLES, ids=[site.name for site in EXAMPLES])
def test_a_configuration_with_checks_of_ours_is_asked_as_it_was_before(site: Path) -> None:
    before, after = (new_wanted("1=192.0.2.100:80") for _ in range(2))
    add_ldirectord(before, str(site / "ldirectord.cf"))
    add_ldirectord(after, str(site / "after" / "ldirectord.cf"))
    assert lines_of(before)
    assert lines_of(after) == lines_of(before)


def test_real_configurations_give_targets_or_say_why_not(tmp_path: Path) -> None:
    for path in require_corpus("ldirectord"):
        wanted = of_ldirectord(tmp_path, path.read_bytes().decode("utf-8", "replace"))
        assert all(len(target.request.endpoints) == 1 and target.where for target in wanted.targets)
