# SPDX-License-Identifier: GPL-2.0-or-later
"""Checktypes, times, ports and protocols of a virtual, and what is left on purpose."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.request_values import parse_endpoints
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.options import Marked
from lvs_rawcheck.generate.plan import Plan
from tests.generate.ldirectord.desk import REAL, block, check, only_server, plan, reasons, refusal

MARK = {"fwmarks": {7: Marked(tuple(parse_endpoints("192.0.2.1:80,192.0.2.2:80", None)), "tcp")}}


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["checktype=connect"], "tcp"),
        (["checktype=connect", "service=http", 'request="x"'], "tcp"),
        (["checktype=connect", "protocol=udp"], "ping"),
        (["checktype=ping"], "ping"),
        (["checktype=3", "service=http"], "http"),
        (["checktype=negotiate"], "http"),
        ([], "http"),
    ],
)
def test_a_checktype_is_a_kind(lines: list[str], kind: str) -> None:
    assert check(*lines)[0] == kind


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["checktype=on"], "always up: kept"),
        (["checktype=off"], "never put in: kept"),
        (["checktype=external", 'checkcommand="/x/y"'], "external is a program of the site's: kept"),
        (["checktype=external-perl", 'checkcommand="/x/y"'], "external-perl is a script of the site's: kept"),
        (["service=none"], "not checked today"),
        (["checktype=5", "service=none"], "not checked today"),
    ],
)
def test_what_asks_no_service_is_left_on_purpose(lines: list[str], sentence: str) -> None:
    assert sentence in refusal(*lines)


def test_a_port_that_ldirectord_does_not_know_is_not_checked_today() -> None:
    assert "not checked today" in refusal("real=192.0.2.11:8443 gate", opening="virtual=192.0.2.1:8443")


@pytest.mark.parametrize(("protocol", "kind"), [("tcp", "tcp"), ("udp", "udp")])
def test_what_is_not_checked_can_be(protocol: str, kind: str) -> None:
    planned = plan(block(REAL, "service=none", f"protocol={protocol}"), add_missing=True)
    server = only_server(planned)
    assert [each.kind for each in server.checks] == [kind]
    assert ("standby", "raw") in server.settings
    assert any("was never taken out" in warning for warning in planned.warnings)
    assert planned.servers[0].checks[0].times.before is None
    assert planned.servers[0].before == []


@pytest.mark.parametrize("checktype", ["on", "off"])
def test_what_is_switched_off_is_not_added(checktype: str) -> None:
    assert "kept" in refusal(f"checktype={checktype}", add_missing=True)


def pace(planned: Plan) -> tuple[float, float, float]:
    """Return our deadline, and how long a failure stays unseen before and after."""
    times = planned.servers[0].checks[0].times
    assert times.before is not None
    return times.after.timeout, times.before.worst_detection, times.after.worst_detection


@pytest.mark.parametrize(
    ("lines", "globals_", "wanted"),
    [
        (["checktype=connect"], "", (5, 15, 15)),
        (["checktype=connect"], "checktimeout=3\n", (3, 13, 13)),
        (["checktype=connect"], "negotiatetimeout=7\n", (7, 17, 17)),
        (["checktype=connect", "negotiatetimeout=30"], "checktimeout=3\n", (30, 40, 40)),
        (["checktype=negotiate"], "", (30, 40, 40)),
        (["checktype=negotiate"], "checktimeout=3\n", (3, 13, 13)),
        (["checktype=negotiate", "checktimeout=4"], "negotiatetimeout=9\n", (4, 14, 14)),
        (["checktype=negotiate", "failurecount=3"], "checktimeout=2\ncheckinterval=4\n", (2, 18, 18)),
        (["checktype=4", "failurecount=2"], "checktimeout=2\ncheckinterval=1\n", (2, 10, 6)),
        (["checktype=ping", "checkcount=3"], "checktimeout=2\n", (6, 16, 16)),
        (["checktype=connect", "protocol=udp"], "checktimeout=2\ncheckcount=2\n", (4, 14, 14)),
        (["service=ldap", "checktimeout=2", "negotiatetimeout=9"], "", (2, 12, 12)),
        (["service=http", "checktimeout=2", "negotiatetimeout=9"], "", (9, 19, 19)),
        (["checktype=connect", "checktimeout=500"], "", (300, 510, 310)),
        (["checktype=connect", "checkinterval=3"], "fork=yes\n", (5, 8, 8)),
        (["checktype=connect", "checkinterval=3"], "fork=no\n", (5, 15, 15)),
    ],
)
def test_the_time_that_ldirectord_waits_is_ours(
    lines: list[str], globals_: str, wanted: tuple[float, float, float]
) -> None:
    assert pace(plan(globals_ + block(REAL, *lines))) == wanted


def test_the_time_can_be_said() -> None:
    planned = plan(block(REAL, "checktype=connect"), timeout=1.25)
    assert pace(planned)[0] == 1.25
    assert b"checktimeout=3" in planned.result()[planned.file]


def test_the_daemon_keeps_the_times() -> None:
    planned = plan("checkinterval=4\n" + block(REAL, "checktype=connect", "checktimeout=2", "failurecount=3"))
    assert only_server(planned).settings == (("timeout", 2.0), ("interval", 4.0), ("fall", 3))


@pytest.mark.parametrize(
    ("lines", "opening", "port", "notes"),
    [
        (["real=192.0.2.11:80 gate"], "virtual=192.0.2.1:80", None, []),
        (["real=192.0.2.11:8080 gate"], "virtual=192.0.2.1:80", 8080, ["port 8080 was checked"]),
        (["real=192.0.2.11:80 gate", "checkport=81"], "virtual=192.0.2.1:80", 81, ["port 81 was checked"]),
        (["real=192.0.2.11 gate"], "virtual=192.0.2.1:80", None, []),
        (["real=192.0.2.11:80 gate", "protocol=udp", "service=http"], "virtual=192.0.2.1:80", None, ["speaks tcp"]),
    ],
)
def test_the_raw_check_goes_where_the_traffic_goes(
    lines: list[str], opening: str, port: int | None, notes: list[str]
) -> None:
    planned = plan(block(*lines, opening=opening))
    (service,) = planned.services.values()
    assert [str(endpoint) for endpoint in service.endpoints] == ["192.0.2.1:80"]
    assert only_server(planned).port == port
    assert all(any(note in warning for warning in planned.warnings) for note in notes)


def test_any_port_is_the_checked_one() -> None:
    lines = ["real=192.0.2.11:80 gate", "service=http"]
    (service,) = plan(block(*lines, opening="virtual=192.0.2.1:0")).services.values()
    assert (service.name, [str(each) for each in service.endpoints]) == ("tcp-192.0.2.1-0", ["192.0.2.1:80"])
    (service,) = plan(block(*lines, "checkport=81", opening="virtual=192.0.2.1:0")).services.values()
    assert [str(each) for each in service.endpoints] == ["192.0.2.1:81"]


def test_any_port_and_none_checked() -> None:
    assert "no port to check" in refusal("real=192.0.2.11 gate", "checktype=connect", opening="virtual=192.0.2.1:0")
    assert "no port was checked" in refusal("real=192.0.2.11 gate", "checktype=ping", opening="virtual=192.0.2.1:0")
    several = ("real=192.0.2.11:80 gate", "real=192.0.2.12:81 gate", "checktype=connect")
    assert "on several: 80, 81" in refusal(*several, opening="virtual=192.0.2.1:0")


def test_a_firewall_mark_must_be_told() -> None:
    lines = ("real=192.0.2.11:80 gate", "service=http")
    assert "--fwmark 7=VIP:PORT" in refusal(*lines, opening="virtual=7")
    (service,) = plan(block(*lines, opening="virtual=7"), **MARK).services.values()
    assert (service.name, service.protocol) == ("fwm-7", "tcp")
    assert [str(each) for each in service.endpoints] == ["192.0.2.1:80", "192.0.2.2:80"]


def test_a_mark_of_both_families_is_two_virtuals() -> None:
    endpoints = (*parse_endpoints("192.0.2.1:80", None), *parse_endpoints("[2001:db8::1]:80", None))
    text = block("real=192.0.2.11:80 gate", "service=http", opening="virtual=7")
    text += block("real6=[2001:db8::11]:80 gate", "service=http", opening="virtual6=7")
    planned = plan(text, fwmarks={7: Marked(endpoints, "tcp")})
    found = {name: [str(each) for each in service.endpoints] for name, service in planned.services.items()}
    assert found == {"fwm-7": ["192.0.2.1:80"], "fwm6-7": ["[2001:db8::1]:80"]}
    planned = plan(text, **MARK)
    assert list(planned.services) == ["fwm-7"]
    assert "none of the VIPs that are said of it is IPv6" in reasons(planned)[0]


def test_names_are_not_resolved() -> None:
    assert "web.example is a name" in refusal("real=web.example:80 gate")
    assert "vip.example is a name" in refusal(opening="virtual=vip.example:80")


@pytest.mark.parametrize("method", ["masq", "ipip"])
def test_one_server_that_is_not_routed_directly_leaves_all(method: str) -> None:
    planned = plan(block(REAL, f"real=192.0.2.12:80 {method}", "service=http"))
    assert planned.edits == {}
    own, other = reasons(planned)
    assert "one checktype is for all servers" in own
    assert other == f"{method}: the director does not forward by MAC address alone"


def test_the_same_server_twice() -> None:
    planned = plan(block(REAL, f"{REAL} 7", "service=http"))
    assert len(planned.servers) == 1
    assert only_server(planned).address == "192.0.2.11"
    assert "is there twice, as 192.0.2.11:80 and 192.0.2.11:81" in refusal(REAL, "real=192.0.2.11:81 gate")


def test_a_range_is_its_servers() -> None:
    planned = plan(block("real=192.0.2.11->192.0.2.13:80 gate", "service=http"))
    assert [server.real_server for server in planned.servers] == ["192.0.2.11:80", "192.0.2.12:80", "192.0.2.13:80"]


def test_tcp_and_udp_of_one_vip_are_two_services() -> None:
    lines = ("real=192.0.2.11:53 gate", "service=dns", 'request="a.example"', 'receive="1"')
    text = block(*lines, "protocol=tcp", opening="virtual=192.0.2.1:53") + block(*lines, opening="virtual=192.0.2.1:53")
    assert list(plan(text).services) == ["tcp-192.0.2.1-53", "udp-192.0.2.1-53"]


@pytest.mark.parametrize("only", ["192.0.2.1", "192.0.2.1:80", "tcp:192.0.2.1:80", "*.1"])
def test_some_virtuals_are_meant(only: str) -> None:
    text = block(REAL, "service=http") + block(REAL, "service=http", opening="virtual=192.0.2.2:80")
    assert list(plan(text, only=(only,)).services) == ["tcp-192.0.2.1-80"]
    assert list(plan(text, exclude=(only,)).services) == ["tcp-192.0.2.2-80"]


@pytest.mark.parametrize(
    "options", [{"style": "inline"}, {"keep_existing": True}, {"wrappers": "/a b"}, {"wrappers": "/a#b"}]
)
def test_options_that_ldirectord_has_no_use_for(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        plan(block(REAL), **options)


def test_role_standby_and_mode() -> None:
    (service,) = plan(block(REAL)).services.values()
    assert service.settings == {"role_file": "auto", "standby": "fallback"}
    (service,) = plan(block(REAL), role_file="/run/x/role/VI", standby="raw", observe=True).services.values()
    assert service.settings == {"role_file": "/run/x/role/VI", "standby": "raw", "mode": "observe"}
