# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked by the registry and by the IPVS table, and whose a file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.from_registry import add_registry, add_service_file
from lvs_rawcheck.diagnose.audit.from_table import add_table
from lvs_rawcheck.diagnose.audit.recognise import program_of
from lvs_rawcheck.director.ipvs import parse_table
from lvs_rawcheck.errors import ConfigError, UsageError
from tests.corpus import require_corpus
from tests.diagnose.audit.reading import lines_of, new_wanted

SERVICE = """\
endpoint = ["10.0.0.100:80", "10.0.0.101:80"]
protocol = "tcp"
role_file = "auto"
timeout = 30.0
[[check]]
kind = "http"
[[real_server]]
address = "10.0.0.42"
[[real_server]]
address = "10.0.0.43"
port = 8080
[[real_server.check]]
kind = "tcp"
"""
HEADING = b"""IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
"""


def test_the_registry_is_asked_endpoint_by_endpoint_and_a_bad_file_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "web.toml").write_text(SERVICE)
    (tmp_path / "bad.toml").write_text("endpoint = 1\n")
    wanted = new_wanted()
    add_registry(wanted, str(tmp_path))
    wanted.finish()
    assert lines_of(wanted) == [
        "http 10.0.0.42 10.0.0.100:80",
        "http 10.0.0.42 10.0.0.101:80",
        "tcp 10.0.0.43 10.0.0.100:80",
        "tcp 10.0.0.43 10.0.0.101:80",
    ]
    assert [target.where for target in wanted.targets[::2]] == ["web/10.0.0.42", "web/10.0.0.43"]
    assert {target.request.timeout for target in wanted.targets} == {2.0}
    assert ["bad.toml" in gap for gap in wanted.gaps] == [True]
    assert wanted.findings == []


def test_one_service_file(tmp_path: Path) -> None:
    (tmp_path / "web.toml").write_text(SERVICE)
    wanted = new_wanted()
    add_service_file(wanted, str(tmp_path / "web.toml"))
    assert len(wanted.targets) == 4
    with pytest.raises(ConfigError, match="no-such"):
        add_service_file(wanted, str(tmp_path / "no-such.toml"))


def test_the_table() -> None:
    table = parse_table(
        HEADING + b"TCP  0A000064:0050 wlc\n  -> 0A00002A:0050      Route   1      0          0\n"
        b"  -> 0A00002B:1F90      Masq    1      0          0\n"
        b"UDP  0A000064:0035 wlc\n  -> 0A00002A:0035      Route   0      0          0\n"
        b"FWM  00000007 wlc\n  -> 0A00002A:0000      Route   1      0          0\n"
    )
    wanted = new_wanted()
    add_table(wanted, table)
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:80", "udp 10.0.0.42 10.0.0.100:53 udp"]
    assert ["1 real server by Masq" in note for note in wanted.notes] == [True]
    assert ["--fwmark 7=VIP:PORT" in gap for gap in wanted.gaps] == [True]
    wanted = new_wanted("7=10.0.0.101:443")
    add_table(wanted, table)
    assert lines_of(wanted)[-1] == "tcp 10.0.0.42 10.0.0.101:443"
    assert wanted.findings == []


def test_a_table_with_another_port_under_direct_routing() -> None:
    table = parse_table(HEADING + b"TCP  0A000064:0050 wlc\n  -> 0A00002A:1F90      Route   1      0          0\n")
    wanted = new_wanted()
    add_table(wanted, table)
    assert lines_of(wanted) == ["tcp 10.0.0.42 10.0.0.100:80"]
    assert [finding.cause for finding in wanted.findings] == [signatures.PORT_TRANSLATION]


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("# ours\nvirtual_server 10.0.0.100 80 {\n}\n", "keepalived"),
        ("include /etc/keepalived/conf.d/*.conf\n", "keepalived"),
        ("checktimeout=3\nvirtual=10.0.0.100:80\n\treal=10.0.0.42:80 gate\n", "ldirectord"),
        ("virtual6 = [2001:db8::100]:80\n", "ldirectord"),
        (SERVICE, "services"),
    ],
)
def test_whose_a_file_is_goes_by_what_is_in_it(tmp_path: Path, text: str, program: str) -> None:
    path = tmp_path / "some.file"
    path.write_text(text)
    assert program_of(str(path)) == program
    assert program_of(str(tmp_path)) == "services"


@pytest.mark.parametrize("text", ["", "hello\n", "virtual_server a {\n}\nvirtual=10.0.0.100:80\n", "\0" * 100])
def test_what_cannot_be_told_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keepalived.conf"
    path.write_text(text)
    with pytest.raises(UsageError, match="say which by --program"):
        program_of(str(path))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        program_of(str(tmp_path / "no-such"))


@pytest.mark.parametrize("program", ["keepalived", "ldirectord"])
def test_real_configurations_are_recognised(program: str) -> None:
    for path in require_corpus(program):
        assert program_of(str(path)) == program, path
