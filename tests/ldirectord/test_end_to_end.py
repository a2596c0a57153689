# SPDX-License-Identifier: GPL-2.0-or-later
"""ldirectord, wrapper, verdict script, registry and raw check together, against real servers on a switch."""

from __future__ import annotations

import pytest

from lvs_rawcheck.registry.templates import Templates
from tests.cli.commands import LAUNCHER
from tests.ldirectord.harness import Ldirectord, block, needs_ldirectord, settings
from tests.netns.roles import director, host_prefix, lose_vip, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = [pytest.mark.netns, needs_ldirectord]

WEB, MAIL, SIX = "10.0.0.100", "10.0.0.101", "2001:db8::100"
FIRST, SECOND, STRANGER = "10.0.0.42", "10.0.0.43", "10.0.0.44"
FIRST6, SECOND6 = "2001:db8::42", "2001:db8::43"
BOTH = {f"{FIRST}:80": 1, f"{SECOND}:80": 1}
BOTH6 = {f"[{FIRST6}]:80": 1, f"[{SECOND6}]:80": 1}
ALL = {f"TCP {WEB}:80": BOTH, f"TCP {MAIL}:80": BOTH, f"TCP [{SIX}]:80": BOTH6}


def healthy(network: Network, name: str, addresses: list[str]) -> Host:
    """Return a real server that has the VIPs and serves on all of them, but not on its own addresses."""
    host = real_server(network, name, addresses, [WEB, MAIL, SIX])
    for vip in (WEB, MAIL, SIX):
        tcp_server(host, vip, 80)
    return host


def service(endpoint: str, reals: tuple[str, ...]) -> str:
    """Return a service file whose check needs no role: raw everywhere."""
    servers = "".join(f'[[real_server]]\naddress = "{real}"\n' for real in reals)
    return f'endpoint = ["{endpoint}"]\ntimeout = 0.8\n[[check]]\nkind = "tcp"\n{servers}'


def install(ldirectord: Ldirectord) -> list[str]:
    """Put registry, scripts and wrappers in place, and return the configuration."""
    services = ldirectord.folder / "services.d"
    services.mkdir()
    (services / "web.toml").write_text(service(f"{WEB}:80", (FIRST, SECOND)))
    (services / "mail.toml").write_text(service(f"{MAIL}:80", (FIRST, SECOND)))
    (services / "six.toml").write_text(service(f"[{SIX}]:80", (FIRST6, SECOND6)))
    verdict = Templates(str(ldirectord.folder / "no overrides")).render(
        "verdict",
        python="/usr/bin/python3",
        launcher=str(LAUNCHER),
        services_folder=str(services),
        state_folder="/nowhere",
    )
    ldirectord.program("scripts/verdict", verdict)
    state = ldirectord.folder / "state"
    web, mail, six = (ldirectord.wrapper(name, state=state) for name in ("web", "mail", "six"))
    reals = [f"{real}:80 gate" for real in (FIRST, SECOND)]
    reals6 = [f"[{real}]:80 gate" for real in (FIRST6, SECOND6)]
    return [
        settings(),
        block(f"virtual={WEB}:80", web, [*reals, f"{STRANGER}:80 gate"]),
        block(f"virtual={MAIL}:80", mail, reals),
        block(f"virtual6=[{SIX}]:80", six, reals6),
    ]


def test_a_server_that_loses_a_vip_leaves_that_virtual_only(network: Network) -> None:
    place = director(network, "director", ["10.0.0.21/24", "2001:db8::21/64"], [WEB, MAIL, SIX])
    healthy(network, "first", [f"{FIRST}/24", f"{FIRST6}/64"])
    second = healthy(network, "second", [f"{SECOND}/24", f"{SECOND6}/64"])
    with Ldirectord(place.entered()) as ldirectord:
        ldirectord.start(*install(ldirectord))
        ldirectord.wait_for_table(ALL)
        assert f"no such check: web/{STRANGER}" in ldirectord.log()
        lose_vip(second, MAIL)
        lose_vip(second, SIX)
        ldirectord.wait_for_table(
            ALL | {f"TCP {MAIL}:80": {f"{FIRST}:80": 1}, f"TCP [{SIX}]:80": {f"[{FIRST6}]:80": 1}}
        )
        assert "no-answer" in (ldirectord.folder / "state" / "last" / "mail" / SECOND).read_text()
        for vip in (MAIL, SIX):
            second.add_address(host_prefix(vip), "lo")
        ldirectord.wait_for_table(ALL)
        assert "timed out" not in ldirectord.log()
