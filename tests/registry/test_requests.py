# SPDX-License-Identifier: GPL-2.0-or-later
"""What the check runtime is asked for a service's real servers."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.request import FALLBACK, MAC_KNOWN, STANDARD_INSTEAD, Request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.registry.requests import request_of
from lvs_rawcheck.wire.address import parse_address
from tests.registry.folder import WEB, parsed


def asked(text: str) -> Request:
    """Return the request of the first real server."""
    service = parsed(text)
    return request_of(service, service.real_servers[0])


def test_the_least() -> None:
    request = asked(WEB)
    assert (request.kind, request.real_ip, [str(each) for each in request.endpoints]) == (
        "tcp",
        parse_address("10.0.0.42"),
        ["10.0.0.100:80"],
    )
    assert (request.reply_mac, request.on_cannot_judge, request.standby) == (MAC_KNOWN, STANDARD_INSTEAD, FALLBACK)
    assert (request.timeout, request.role_file, request.clean_close) == (2.0, None, False)
    assert list(request.known_servers) == [parse_address("10.0.0.42")]
    (check,) = request.standard_checks
    assert (check.step, check.address, check.port, check.source) == (TcpConversation, None, None, None)


def test_settings_arrive() -> None:
    lines = ['role_file = "auto"', 'standby = "raw"', "timeout = 1", 'source = "10.0.0.21"', 'vip_policy = "any"']
    request = asked("\n".join([*lines, 'interface = "eth0"', WEB]))
    assert (request.role_file, request.standby, request.timeout) == ("auto", "raw", 1.0)
    assert (request.source, request.vip_policy, request.interface) == (parse_address("10.0.0.21"), "any", "eth0")


def test_several_kinds_are_all_named() -> None:
    three = WEB.replace('"tcp"', '"http"\n[[check]]\nkind = "tcp"\n[[check]]\nkind = "http"')
    request = asked(three)
    assert (request.kind, len(request.steps)) == ("http+tcp", 3)


@pytest.mark.parametrize(("protocol", "connects"), [("tcp", True), ("udp", False)])
def test_what_is_left_of_a_server_that_had_no_check(protocol: str, connects: bool) -> None:
    lines = f'standby = "raw"\nprotocol = "{protocol}"\n'
    (check,) = asked(lines + WEB.replace('"tcp"', '"udp"')).standard_checks
    assert (check.step is TcpConversation) is connects


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("10.0.0.42", "2001:db8::42"), r"real_server\[0\]: VIP 10.0.0.100 is not of the real server's family"),
        (("10.0.0.42", "10.0.0.100"), r"real_server\[0\]: real server and VIP are the same address"),
        (("10.0.0.100", "127.0.0.1"), r"real_server\[0\]: VIP 127.0.0.1: a loopback address"),
    ],
)
def test_what_direct_routing_cannot_meet_is_told_with_its_place(change: tuple[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        asked(WEB.replace(*change))
