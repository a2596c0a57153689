# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked by a keepalived.conf: the site's own checkers, sorry servers, and in place of what says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.checks.request import STANDBY_RAW
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.from_keepalived import add_keepalived
from lvs_rawcheck.errors import ConfigError
from tests.corpus import require_corpus
from tests.diagnose.audit.reading import lines_of, new_wanted, of_keepalived

EXAMPLES = sorted(path.parent for path in (Path(__file__).parents[3] / "examples/keepalived").glob("*/keepalived.conf"))


def _virtual(head: str, body: str, kind: str = "DR", protocol: str = "TCP") -> str:
    return f"virtual_server {head} {{\n    lvs_method {kind}\n    protocol {protocol}\n{body}\n}}\n"


def _real(address: str, checker: str = "", port: int = 80) -> str:
    return f"    real_server {address} {port} {{\n{checker}\n    }}\n"


TCP = "TCP_CHECK {\n connect_timeout 1\n }"
SCRIPT = "MISC_CHECK {\n misc_path /bin/true\n }"


@pytest.mark.parametrize(
    ("checker", "kind", "instead"),
    [
        (TCP, "tcp", ""),
        ("HTTP_GET {\n url {\n path /\n status_code 200\n }\n }", "http", ""),
        (f"{TCP}\nHTTP_GET {{\n url {{\n path /\n status_code 200\n }}\n }}", "tcp+http", ""),
        (f"{TCP}\n{TCP}", "tcp", ""),
        ("SMTP_CHECK {\n }", "smtp", ""),
        ("PING_CHECK {\n }", "ping", ""),
        ("", "tcp", "asked by tcp: the site has no check of it"),
        (SCRIPT, "tcp", "asked by tcp: MISC_CHECK is a script of the site's"),
        (f"{TCP}\n{SCRIPT}", "tcp", "besides: MISC_CHECK is a script of the site's"),
        ("TCP_CHECK {\n connect_port 8080\n }", "tcp", "asked by tcp: TCP_CHECK asks port 8080"),
        ("TCP_CHECK {\n connect_ip 10.1.0.42\n }", "tcp", "asked by tcp: TCP_CHECK asks 10.1.0.42, another address"),
    ],
)
def test_checkers(tmp_path: Path, checker: str, kind: str, instead: str) -> None:
    wanted = of_keepalived(tmp_path, _virtual("10.0.0.100 80", _real("10.0.0.42", checker)))
    assert lines_of(wanted) == [f"{kind} 10.0.0.42 10.0.0.100:80"]
    assert [target.instead for target in wanted.targets] == [instead]
    assert (wanted.gaps, wanted.notes, wanted.findings) == ([], [], [])


def test_a_datagram_service_is_asked_by_datagrams(tmp_path: Path) -> None:
    text = _virtual(
        "10.0.0.100 53", _real("10.0.0.42", "DNS_CHECK {\n }", 53) + _real("10.0.0.43", "", 53), "DR", "UDP"
    )
    assert lines_of(of_keepalived(tmp_path, text)) == [
        "dns 10.0.0.42 10.0.0.100:53 udp",
        "udp 10.0.0.43 10.0.0.100:53 udp",
    ]


def test_the_time_is_the_sites_own_and_never_more_than_is_granted(tmp_path: Path) -> None:
    own, longer = "TCP_CHECK {\n connect_timeout 0.5\n }", "TCP_CHECK {\n connect_timeout 30\n }"
    text = _virtual("10.0.0.100 80", _real("10.0.0.42", own) + _real("10.0.0.43", longer))
    assert [target.request.timeout for target in of_keepalived(tmp_path, text).targets] == [0.5, 2.0]


def test_each_request_is_raw_whatever_the_role_and_knows_every_vip(tmp_path: Path) -> None:
    text = _virtual("10.0.0.100 80", _real("10.0.0.42")) + _virtual("10.0.0.101 80", _real("10.0.0.43"))
    for target in of_keepalived(tmp_path, text).targets:
        assert target.request.standby == STANDBY_RAW
        assert target.request.role_file is None
        assert all(target.request.is_vip(bytes((10, 0, 0, last))) for last in (100, 101))


def test_a_sorry_server_is_asked_unless_it_is_forwarded_to_otherwise(tmp_path: Path) -> None:
    text = _virtual("10.0.0.100 80", _real("10.0.0.42", TCP) + "sorry_server 10.0.0.99 80\n")
    wanted = of_keepalived(tmp_path, text)
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:80", "tcp 10.0.0.99 10.0.0.100:80 sorry"]
    assert wanted.targets[1].where.endswith("keepalived.conf:9")
    wanted = of_keepalived(tmp_path, text.replace("DR", "NAT"))
    assert lines_of(wanted) == []
    assert ["by NAT: no data path of this kind" in note for note in wanted.notes] == [True]


def test_a_sorry_server_that_is_a_real_server_too_is_asked_as_that(tmp_path: Path) -> None:
    text = _virtual("10.0.0.100 80", _real("10.0.0.42", TCP) + "sorry_server 10.0.0.42 80\n")
    assert lines_of(of_keepalived(tmp_path, text)) == ["tcp 10.0.0.42 10.0.0.100:80"]


@pytest.mark.parametrize("method", ["NAT", "TUN"])
def test_servers_without_such_a_data_path_are_said_and_left_out(tmp_path: Path, method: str) -> None:
    other = _real("10.0.0.43").replace("{\n", f"{{\n lvs_method {method}\n", 1)
    wanted = of_keepalived(tmp_path, _virtual("10.0.0.100 80", _real("10.0.0.42") + other))
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:80"]
    assert wanted.gaps == []
    assert [f"1 real server by {method}: no data path of this kind, left out" in note for note in wanted.notes] == [
        True
    ]


def test_port_translation_is_one_finding_of_a_virtual_server_and_the_traffics_port_is_asked(tmp_path: Path) -> None:
    http = "HTTP_GET {\n url {\n path /\n status_code 200\n }\n }"
    text = _virtual("10.0.0.100 80", _real("10.0.0.42", http, 8080) + _real("10.0.0.43", http, 8080))
    wanted = of_keepalived(tmp_path, text)
    assert lines_of(wanted) == ["http 10.0.0.42 10.0.0.100:80", "http 10.0.0.43 10.0.0.100:80"]
    assert [finding.cause for finding in wanted.findings] == [signatures.PORT_TRANSLATION]
    assert [line.split(";")[0] for line in wanted.findings[0].evidence] == [
        "written: 10.0.0.42 port 8080",
        "written: 10.0.0.43 port 8080",
    ]


def test_groups_are_asked_at_each_endpoint_and_by_a_check_of_that_port(tmp_path: Path) -> None:
    group = "virtual_server_group web {\n 10.0.0.100-101 80\n 10.0.0.100 443\n}\n"
    http = "HTTP_GET {\n url {\n path /\n status_code 200\n }\n }"
    wanted = of_keepalived(tmp_path, group + _virtual("group web", _real("10.0.0.42", http)))
    assert lines_of(wanted) == [
        "http 10.0.0.42 10.0.0.100:80",
        "http 10.0.0.42 10.0.0.101:80",
        "tcp 10.0.0.42 10.0.0.100:443",
    ]
    assert wanted.targets[2].instead == "asked by tcp: HTTP_GET asks port 80"


def test_firewall_marks(tmp_path: Path) -> None:
    text = "virtual_server fwmark 7 {\n    lvs_method DR\n" + _real("10.0.0.42", TCP) + "}\n"
    wanted = of_keepalived(tmp_path, text)
    assert lines_of(wanted) == []
    assert ["--fwmark 7=VIP:PORT" in gap for gap in wanted.gaps] == [True]
    wanted = of_keepalived(tmp_path, text, "7=10.0.0.100:80,10.0.0.101:80")
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:80", "tcp 10.0.0.42 10.0.0.101:80"]
    assert wanted.gaps == []


def test_a_virtual_server_of_any_port_is_asked_where_it_was_checked_or_by_an_echo(tmp_path: Path) -> None:
    checked = _virtual("10.0.0.100 0", _real("10.0.0.42", "TCP_CHECK {\n connect_port 25\n }", 0))
    unchecked = _virtual("10.0.0.101 0", _real("10.0.0.42", "", 0))
    wanted = of_keepalived(tmp_path, checked + unchecked)
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:25", "ping 10.0.0.42 10.0.0.101"]


def test_what_keepalived_leaves_out_is_a_note_and_what_it_misreads_a_gap(tmp_path: Path) -> None:
    twice = _virtual("10.0.0.100 80", _real("10.0.0.42") + _real("10.0.0.42"))
    wanted = of_keepalived(tmp_path, twice)
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:80"]
    assert ["leaves 10.0.0.42 out" in note for note in wanted.notes] == [True]
    broken = of_keepalived(tmp_path, twice + "virtual_server 10.0.0.101 80 {\n lvs_method DR\n")
    assert broken.gaps
    assert all(":" in gap for gap in broken.gaps)


def test_servers_that_cannot_be_meant_are_gaps(tmp_path: Path) -> None:
    wanted = of_keepalived(tmp_path, _virtual("10.0.0.100 80", _real("10.0.0.100")))
    assert lines_of(wanted) == []
    assert ["real server and VIP are the same address" in gap for gap in wanted.gaps] == [True]


@pytest.mark.parametrize("site", EXAMPLES, ids=[site.name for site in EXAMPLES])
def test_a_configuration_with_checks_of_ours_is_asked_as_it_was_before(site: Path) -> None:
    before, after = (new_wanted("1=10.0.0.100:80") for _ in range(2))
    add_keepalived(before, str(site / "keepalived.conf"), "lb1")
    add_keepalived(after, str(site / "after" / "keepalived.conf"), "lb1")
    assert lines_of(before)
    assert lines_of(after) == lines_of(before)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no-such\.conf"):
        add_keepalived(new_wanted(), str(tmp_path / "no-such.conf"), "lb1")


def test_real_configurations_give_targets_or_say_why_not(tmp_path: Path) -> None:
    for path in require_corpus("keepalived"):
        wanted = of_keepalived(tmp_path, path.read_bytes().decode("utf-8", "replace"))
        for target in wanted.targets:
            assert len(target.request.endpoints) == 1
            assert target.where
