# SPDX-License-Identifier: GPL-2.0-or-later
"""The dump of Debian's own keepalived and the table of a real kernel, as we read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.output import told_by
from tests.lab.running.shapes import MISSING, SCRIPT

pytestmark = [pytest.mark.lab, pytest.mark.full]

SCENARIO = Path(__file__).resolve().parent / "running" / "scenario.py"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the scenario printed: asked once, asked again, asked after keepalived had stopped."""
    return told_by(SCENARIO, tmp_path_factory.mktemp("running"), limit_s=240.0)


@pytest.fixture
def virtual_servers(told: list[dict[str, Any]]) -> dict[str, Any]:
    """The virtual servers of the dump by their keys."""
    return {each["key"]: each for each in told[0]["dump"]["virtual_servers"]}


def checkers(told: list[dict[str, Any]], virtual_server: str, address: str) -> list[dict[str, Any]]:
    """Return the live checkers of a real server."""
    found = told[0]["dump"]["checkers"]
    return [each for each in found if (each["virtual_server"], each["address"]) == (virtual_server, address)]


def test_the_process_that_is_asked_is_the_checkers_own(told: list[dict[str, Any]]) -> None:
    keepalived = told[0]["keepalived"]
    assert keepalived["children"] == [keepalived["checker"]]
    assert keepalived["config"] == "/run/keepalived.conf"


def test_every_virtual_server_has_its_key(virtual_servers: dict[str, Any]) -> None:
    assert list(virtual_servers) == [
        "[10.0.0.100]:tcp:80",
        "[10.0.0.100]:udp:53",
        "[2001:db8::1]:tcp:443",
        "FWM 5",
        "[SHAPES]:0",
        "[SHAPES_6]:0",
        "[HELD]:0",
        "[10.0.0.100]:tcp:81",
    ]
    assert [key for key, each in virtual_servers.items() if each["ha_suspend"]] == ["[HELD]:0"]
    assert [key for key, each in virtual_servers.items() if each["sorry_server"]] == ["[10.0.0.100]:tcp:80"]


def test_groups_are_told_with_their_ranges(told: list[dict[str, Any]]) -> None:
    assert told[0]["dump"]["groups"] == {
        "SHAPES": {
            "ranges": [["10.0.0.110", "10.0.0.112", 80], ["10.0.0.120", "10.0.0.120", 8080]],
            "fwmarks": [7],
        },
        "SHAPES_6": {"ranges": [["2001:db8::10", "2001:db8::12", 80]], "fwmarks": []},
        "HELD": {"ranges": [["10.0.0.130", "10.0.0.130", 80]], "fwmarks": []},
    }


def test_real_servers_forwarded_to_by_the_virtual_servers_port(virtual_servers: dict[str, Any]) -> None:
    """In direct routing keepalived forwards to the virtual server's port, whatever the real server's is written as."""
    servers = virtual_servers["[10.0.0.100]:tcp:80"]["real_servers"]
    assert [(each["address"], each["port"], each["weight"], each["alive"], each["in_table"]) for each in servers] == [
        ("10.0.0.42", 80, 1, False, False),
        ("10.0.0.43", 80, 3, False, True),
        ("10.0.0.44", 80, 1, True, True),
    ]
    assert [each["inhibit"] for each in servers] == [False, True, False]
    assert virtual_servers["[10.0.0.100]:udp:53"]["real_servers"][0]["port"] == 5353
    assert virtual_servers["FWM 5"]["real_servers"][0]["method"] == "TUN"


def test_a_script_is_told_with_its_words_its_user_and_what_it_said(told: list[dict[str, Any]]) -> None:
    passing, tcp = checkers(told, "[10.0.0.100]:tcp:80", "10.0.0.42")
    assert passing["argv"] == [SCRIPT, "0", "two words", ""]
    assert (passing["uid"], passing["timeout"], passing["retries"]) == (65534, 3.0, 2)
    assert (passing["up"], passing["last_status"]) == (True, 0)
    assert abs(passing["last_ran"] - told[0]["written"]) < 10.0
    assert (tcp["kind"], tcp["up"], tcp["argv"]) == ("TCP_CHECK", False, [])
    (failing,) = checkers(told, "[10.0.0.100]:tcp:80", "10.0.0.43")
    assert (failing["up"], failing["uid"], failing["last_status"]) == (False, 0, 1)


def test_a_dropped_checker_is_not_there_and_its_server_is_up(
    told: list[dict[str, Any]], virtual_servers: dict[str, Any]
) -> None:
    assert checkers(told, "[10.0.0.100]:tcp:80", "10.0.0.44") == []
    assert not any(MISSING in each["argv"] for each in told[0]["dump"]["checkers"])
    assert virtual_servers["[10.0.0.100]:tcp:80"]["real_servers"][2]["alive"]


def test_every_kind_of_checker_is_named_as_in_a_configuration(told: list[dict[str, Any]]) -> None:
    named = {each["kind"] for each in told[0]["dump"]["checkers"]}
    assert named == {
        *("MISC_CHECK", "TCP_CHECK", "DNS_CHECK", "UDP_CHECK", "PING_CHECK", "SSL_GET", "SMTP_CHECK", "FILE_CHECK"),
    }


def test_a_suspended_checker_of_a_group_is_not_enabled_and_never_ran(told: list[dict[str, Any]]) -> None:
    (held,) = checkers(told, "[HELD]:0", "10.0.0.42")
    assert (held["enabled"], held["has_run"], held["last_ran"]) == (False, False, None)


def test_the_kernel_s_table(told: list[dict[str, Any]]) -> None:
    services = told[0]["services"]
    assert services["tcp 10.0.0.100 80"] == {"10.0.0.44 80": ["Route", 1], "10.0.0.43 80": ["Route", 0]}
    assert services["udp 10.0.0.100 53"] == {"10.0.0.42 5353": ["Masq", 1]}
    assert services["tcp 2001:db8::1 443"] == {"2001:db8::2a 443": ["Route", 1]}
    for vip, port in (("10.0.0.110", 80), ("10.0.0.111", 80), ("10.0.0.112", 80), ("10.0.0.120", 8080)):
        assert services[f"tcp {vip} {port}"] == {f"10.0.0.42 {port}": ["Route", 1]}
    for vip in ("2001:db8::10", "2001:db8::11", "2001:db8::12"):
        assert services[f"tcp {vip} 80"] == {"2001:db8::2a 80": ["Route", 0]}
    assert told[0]["fwmarks"] == {"5": ["10.0.0.42 0"], "7": ["10.0.0.42 0"]}


def test_asking_again_gets_a_new_answer(told: list[dict[str, Any]]) -> None:
    assert told[1]["written"] > told[0]["written"]


def test_nothing_is_signalled_when_keepalived_has_stopped(told: list[dict[str, Any]]) -> None:
    assert told[2]["status"] == 1
    assert "keepalived does not run here" in told[2]["stderr"]
