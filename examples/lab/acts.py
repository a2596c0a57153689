# SPDX-License-Identifier: GPL-2.0-or-later
"""The four acts of the demonstration. Each plays with the site, measures, and judges itself.

They build on one another: rs3 is without the VIP in all of them, rs2 loses it for a while in act 3, lb1 stops
in act 4.
"""

from __future__ import annotations

import time
from typing import TypedDict

from lab.director import Director
from lab.network import Host
from lab.site import RAW_CHECK, TCP_CHECK, VIP, Request, Site

TAKEOVER_S = 15.0  # first election: three silent advertisement intervals, and start-up
DETECTION_S = 20.0  # at most delay_loop, 5 s, and the check's own deadline, 2 s; the rest is for a busy host
LOOK_ON_S = 6.0  # longer than one delay_loop, so that a wrong table would show


class Claim(TypedDict):
    """Something an act expected, and whether it came."""

    claim: str
    held: bool


class ActReport(TypedDict):
    """What an act leaves in the JSON report; a figure without a number was not reached."""

    act: int
    title: str
    passed: bool
    claims: list[Claim]
    figures: dict[str, float | None]


class Act:
    """The record of one act under way."""

    def __init__(self, site: Site, number: int, title: str) -> None:
        self._site = site
        self._number = number
        self._title = title
        self._claims: list[Claim] = []
        self.figures: dict[str, float | None] = {}
        site.say("")
        site.say(f"ACT {number}: {title}")

    def expect(self, claim: str, held: bool) -> None:
        """Record whether the claim held, and say so."""
        self._claims.append({"claim": claim, "held": held})
        self._site.say(f"{'as told' if held else 'NOT AS TOLD'}: {claim}")

    def measure(self, name: str, value: float | None) -> None:
        """Record a figure; its unit is in its name."""
        self.figures[name] = None if value is None else round(value, 1)

    def count(self, name: str, requests: list[Request]) -> int:
        """Record how many requests there were, and how many lost; return the lost ones."""
        lost = sum(request.lost for request in requests)
        self.figures[f"requests {name}"] = len(requests)
        self.figures[f"lost {name}"] = lost
        return lost

    def report(self) -> ActReport:
        """Return the record."""
        passed = bool(self._claims) and all(claim["held"] for claim in self._claims)
        return {
            "act": self._number,
            "title": self._title,
            "passed": passed,
            "claims": self._claims,
            "figures": self.figures,
        }


def tcp_check_is_blind(site: Site) -> ActReport:
    """Act 1: with TCP_CHECK, a server without the VIP stays in the table, and its requests are lost."""
    act = Act(site, 1, "keepalived's own TCP_CHECK; rs3 is without the VIP")
    Site.lose_vip(site.real_servers[2])
    for director in site.directors:
        director.start(TCP_CHECK)
    act.measure("seconds to the first master", site.wait(lambda: _is_settled(site), TAKEOVER_S))
    full = site.wait(lambda: site.lb1.servers() == site.all_addresses, DETECTION_S)
    site.say("the client begins to ask, one request after the other")
    site.client.start()
    begun = time.monotonic()
    # Long enough for every server to have been checked once (delay_loop 5 s).
    site.look_on(LOOK_ON_S + 2)
    lost = act.count("in all", site.client.begun_between(begun, time.monotonic()))
    act.expect("lb1 became master and lb2 standby, and the role files say so", _is_settled(site))
    stayed = site.lb1.servers() == site.all_addresses
    act.expect("the table is full and stays full", full is not None and stayed)
    act.expect("requests are lost", lost > 0)
    return act.report()


def raw_check_sees(site: Site) -> ActReport:
    """Act 2: with the raw check as MISC_CHECK the server leaves the table; no request is lost any more."""
    act = Act(site, 2, "the same site, with the raw check as MISC_CHECK")
    begun = time.monotonic()
    for director in site.directors:
        director.reload(RAW_CHECK)
    removed = _wait_for_table(site, site.lb1, without=site.real_servers[2:])
    act.measure("seconds to removal", removed)
    _judge_aftermath(act, site, begun, removed)
    act.expect("rs3 left the table of lb1", removed is not None)
    act.expect("rs1 and rs2 stayed", site.lb1.servers() == _others(site, site.real_servers[2:]))
    _expect_path(act, site.lb1, site.real_servers[0], "raw")
    _expect_path(act, site.lb2, site.real_servers[0], "standard")
    return act.report()


def server_loses_vip(site: Site) -> ActReport:
    """Act 3: a server loses its VIP under load, is removed, gets it back, and returns."""
    act = Act(site, 3, "rs2 loses its VIP while requests are coming in")
    rs2 = site.real_servers[1]
    Site.lose_vip(rs2)
    begun = time.monotonic()
    site.say("rs2 has lost its VIP")
    removed = _wait_for_table(site, site.lb1, without=site.real_servers[1:])
    act.measure("seconds to removal", removed)
    _judge_aftermath(act, site, begun, removed)
    act.expect("rs2 left the table of lb1", removed is not None)
    Site.restore_vip(rs2)
    site.say("rs2 has its VIP again")
    returned = _wait_for_table(site, site.lb1, without=site.real_servers[2:])
    act.measure("seconds to return", returned)
    act.expect("rs2 came back once it had its VIP again", returned is not None)
    return act.report()


def active_director_stops(site: Site) -> ActReport:
    """Act 4: role file, VIP and raw checks change sides.

    The standby checks the servers' own addresses, so rs3 is still in its table: that it leaves the table
    after the takeover shows that the checks of the new master are raw now.
    """
    act = Act(site, 4, "the active director stops")
    rs3 = site.real_servers[2]
    blind = rs3.address in site.lb2.servers()
    act.expect("the standby lb2, on the standard path, has rs3 in its table", blind)
    begun = time.monotonic()
    site.lb1.ask_to_stop()
    site.say("keepalived on lb1 is being stopped")
    takeover = site.wait(lambda: _is_master(site.lb2), TAKEOVER_S)
    act.measure("seconds to takeover", takeover)
    taken = time.monotonic()
    removed = _wait_for_table(site, site.lb2, without=[rs3])
    act.measure("seconds from there to removal", removed)
    act.count("before takeover", site.client.begun_between(begun, taken))
    _judge_aftermath(act, site, taken, removed)
    act.expect("keepalived on lb1 has ended", not site.lb1.running())
    act.expect("the VIP is on lb2 and gone from lb1", site.lb2.has_vip() and not site.lb1.has_vip())
    roles = site.lb1.role(), site.lb2.role()
    act.expect("the role files changed sides", roles == ("BACKUP", "MASTER"))
    act.expect("lb2's checks became raw: rs3 left its table", removed is not None)
    _expect_path(act, site.lb2, site.real_servers[0], "raw")
    _expect_path(act, site.lb1, site.real_servers[0], "standard")
    return act.report()


ACTS = (tcp_check_is_blind, raw_check_sees, server_loses_vip, active_director_stops)


def _is_settled(site: Site) -> bool:
    standby = site.lb2.role() == "BACKUP" and not site.lb2.has_vip()
    return _is_master(site.lb1) and standby


def _is_master(director: Director) -> bool:
    return director.has_vip() and director.role() == "MASTER"


def _wait_for_table(site: Site, director: Director, without: list[Host]) -> float | None:
    expected = _others(site, without)
    return site.wait(lambda: director.servers() == expected, DETECTION_S)


def _others(site: Site, hosts: list[Host]) -> frozenset[str]:
    return site.all_addresses - {host.address for host in hosts}


def _judge_aftermath(act: Act, site: Site, begun: float, removed: float | None) -> None:
    """Count the requests until the table was right, and expect none to be lost after."""
    right = time.monotonic()
    if removed is not None:
        site.say(f"the table is right after {removed:.1f} s; looking on")
    site.look_on(LOOK_ON_S)
    end = time.monotonic()
    # A request begun at the end may still be on its way; the next look at the log finds it.
    act.count("until then", site.client.begun_between(begun, right))
    after = site.client.begun_between(right, end)
    lost = act.count("after", after)
    act.expect(f"none of {len(after)} requests was lost after that", bool(after) and lost == 0)


def _expect_path(act: Act, director: Director, real_server: Host, path: str) -> None:
    verdict = director.check(real_server.address)
    told = f"{verdict.get('reason')}, path {verdict.get('path')}"
    held = verdict.get("healthy") is True and verdict.get("path") == path
    act.expect(f"a check of {real_server.name} for {VIP} by hand on {director.name}: {told}", held)
