# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps as the versions of keepalived write them, cut, garbled and large."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.director.keepalived_dump import Dump, LiveChecker, LiveGroup, LiveRealServer, parse_dump
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.wire.address import parse_address

REAL, VIP = parse_address("10.0.0.42"), parse_address("10.0.0.100")

# 2.2.7: the lines that are read, and some of those between them.
DUMP = """\
------< Global definitions >------
 Network namespace = (default)
 Network namespace ipvs = (main namespace)
------< LVS Topology >------
 System is compiled with LVS v1.2.1
 ------< Virtual server group >------
 Virtual Server Group = MANY, IPv4 = yes, IPv6 = no
   VIP Range = 10.0.0.110-10.0.0.112, VPORT = 80
     Alive: 1 tcp, 0 udp, 0 sctp
   VIP = 10.0.0.120, VPORT = 8080
     Alive: 1 tcp, 0 udp, 0 sctp
     reloaded = False
   FWMARK = 7 IPv4
     Alive: 1 IPv4, 0 IPv6
 ------< Virtual server >------
 VS VIP = 10.0.0.100, VPORT = 80
   protocol = TCP
   default forwarding method = DR
   sorry server = [10.0.0.50]:tcp:80
     forwarding method = NAT
   alive = 1
   ------< Real server >------
   RIP = 10.0.0.42, RPORT = 80, WEIGHT = 3 EFF WEIGHT = 3
   forwarding method = DR
   Inhibit on failure is ON
   alive = 0
   num failed checkers = 1
   RS set = 1
 ------< Virtual server >------
 VS FWMARK = 5
   protocol = none
   ------< Real server >------
   RIP = 10.0.0.42, RPORT = 0, WEIGHT = 1 EFF WEIGHT = 1
   forwarding method = TUN, type = IPIP
   Inhibit on failure is OFF
   alive = 1
   RS set = 0
 ------< Virtual server >------
 VS GROUP = [MANY]:0
   protocol = UDP
   Using HA suspend
------< Health checkers >------
 [10.0.0.100]:tcp:80 -> [10.0.0.42]:tcp:80
   Enabled = yes
   Up = no
   Has run = yes
   Delay loop = 2500000 us
   Retries = 2
   Keepalive method = MISC_CHECK
   script = '/run/check' 'a b' ''
   timeout = 3
   dynamic = NO
   uid:gid = 65534:0
   Last ran = 1795341861.305691 (Sun Nov 22 10:04:21 2026.305691)
   Last status = 1
 [MANY]:0 -> [10.0.0.42]:udp:53
   Enabled = no
   Up = yes
   Has run = no
   Delay loop = 60000000 us
   Retries = 0
   Keepalive method = HTTP_GET, http protocol 1.0C
   Checked url = /up = no -> [1]:tcp:1
------< Checker track files >------
 Track file = switch
   File = /run/switch
"""


def parse(text: str) -> Dump:
    """Read a dump line by line, as from a file."""
    return parse_dump(text.splitlines(keepends=True))


def test_virtual_servers() -> None:
    plain, marked, grouped = parse(DUMP).virtual_servers
    assert (plain.key, plain.address, plain.port, plain.protocol) == ("[10.0.0.100]:tcp:80", VIP, 80, "tcp")
    assert (marked.key, marked.fwmark, marked.protocol) == ("FWM 5", 5, "none")
    assert (grouped.key, grouped.group, grouped.protocol) == ("[MANY]:0", "MANY", "udp")
    assert [each.ha_suspend for each in (plain, marked, grouped)] == [False, False, True]
    assert [each.sorry_server for each in (plain, marked, grouped)] == [True, False, False]


def test_real_servers_are_not_mixed_up_with_the_sorry_server() -> None:
    plain, marked, _ = parse(DUMP).virtual_servers
    assert plain.real_servers == [LiveRealServer(REAL, 80, 3, "DR", alive=False, in_table=True, inhibit=True)]
    assert marked.real_servers == [LiveRealServer(REAL, 0, 1, "TUN", alive=True, in_table=False, inhibit=False)]


def test_groups() -> None:
    first, last, single = (parse_address(f"10.0.0.{number}") for number in (110, 112, 120))
    assert parse(DUMP).groups == {"MANY": LiveGroup([(first, last, 80), (single, single, 8080)], [7])}


def test_checkers() -> None:
    script, page = parse(DUMP).checkers
    assert script == LiveChecker(
        "[10.0.0.100]:tcp:80",
        REAL,
        80,
        "MISC_CHECK",
        enabled=True,
        up=False,
        has_run=True,
        delay_loop=2.5,
        retries=2,
        argv=["/run/check", "a b", ""],
        uid=65534,
        timeout=3.0,
        last_ran=1795341861.305691,
        last_status=1,
    )
    assert (page.virtual_server, page.kind, page.enabled, page.up) == ("[MANY]:0", "HTTP_GET", False, True)


def test_ranges_before_2_2_2() -> None:
    """Their end is the last octet, or of IPv6 the last group in hexadecimal; the name stands alone."""
    text = DUMP.replace("MANY, IPv4 = yes, IPv6 = no", "MANY").replace("10.0.0.110-10.0.0.112", "10.0.0.110-112")
    text = text.replace("   VIP = 10.0.0.120,", "   VIP Range = 2001:db8::fe-100,")
    (short, long) = parse(text).groups["MANY"].ranges
    assert short[1] == parse_address("10.0.0.112")
    assert long[:2] == (parse_address("2001:db8::fe"), parse_address("2001:db8::100"))


def test_checkers_of_2_0() -> None:
    text = DUMP[: DUMP.index("------< Health")] + (
        "------< Health checkers >------\n"
        " [10.0.0.100]:tcp:80 -> [10.0.0.42]:tcp:80\n"
        "   Keepalive method = MISC_CHECK\n"
        "   script = '/run/check'\n"
        "   timeout = 3\n   dynamic = YES\n   uid:gid = 0:0\n"
        "   Alpha is OFF\n   Delay loop = 6.000000\n   Retry count = 4\n   Enabled = 1\n   Is up = 1\n   Has run = 0\n"
    )
    (checker,) = parse(text).checkers
    assert (checker.enabled, checker.up, checker.has_run) == (True, True, False)
    assert (checker.delay_loop, checker.retries, checker.dynamic) == (6.0, 4, True)
    assert (checker.last_ran, checker.last_status) == (None, None)


def test_another_namespaces_table() -> None:
    assert parse(DUMP).ipvs_namespace is None
    assert parse(DUMP.replace("ipvs = (main namespace)", "ipvs = lvs")).ipvs_namespace == "lvs"


@pytest.mark.parametrize(
    ("written", "argv"),
    [
        ("'/run/check'", ["/run/check"]),
        ("'/run/check' '' ''", ["/run/check", "", ""]),
        (r"'/run/check' '\' '$x'", ["/run/check", "\\", "$x"]),
        # From 2.4 on an apostrophe is written as for a shell; before, it spoils the line.
        (r"'/run/check' 'it'\''s'", ["/run/check", "it's"]),
        ("'/run/check' 'it's'", ["'/run/check' 'it's'"]),
        ("</run/flag", ["</run/flag"]),
    ],
)
def test_words_of_a_script(written: str, argv: list[str]) -> None:
    assert parse(DUMP.replace("'/run/check' 'a b' ''", written)).checkers[0].argv == argv


def test_a_checker_that_has_not_run() -> None:
    text = DUMP.replace(
        "1795341861.305691 (Sun Nov 22 10:04:21 2026.305691)", "0.000000 (Thu Jan  1 00:00:00 1970.000000)"
    )
    assert parse(text).checkers[0].last_ran is None


@pytest.mark.parametrize("text", ["", "\n", "hello\n", DUMP[35:], " x\n" + DUMP])
def test_what_is_no_dump(text: str) -> None:
    with pytest.raises(LinkError, match="not a dump"):
        parse(text)


def test_cut_at_every_octet() -> None:
    """Within a line it is seen; between two there is a dump that says less, or lacks a line it must have."""
    for length in range(40, len(DUMP)):
        if DUMP[length - 1] != "\n":
            with pytest.raises(LinkError):
                parse(DUMP[:length])
        else:
            try:
                parse(DUMP[:length])
            except LinkError as error:
                assert ": no line " in str(error)  # noqa: PT017 - either is right


@given(st.data())
def test_garbled_lines_are_a_link_error_or_a_dump(data: st.DataObject) -> None:
    lines = DUMP.splitlines(keepends=True)
    words = st.text(st.characters(blacklist_characters="\n"), max_size=20)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(1, len(lines) - 1))
        name = lines[at].partition(" = ")[0]
        lines[at] = data.draw(words | words.map(lambda value, name=name: f"{name} = {value}")) + "\n"  # type: ignore[misc]
    try:
        parse_dump(lines)
    except LinkError:
        return


def test_37000_servers_are_read_in_time_in_proportion() -> None:
    virtual = DUMP[DUMP.index(" ------< Virtual server >") : DUMP.index(" ------< Virtual server >------\n VS FWMARK")]
    server = virtual[virtual.index("   ------< Real server") :]
    head, _, tail = DUMP.partition("------< Health checkers >------\n")
    checker = tail[: tail.index(" [MANY]")]
    text = head + virtual + server * 10_000 + "------< Health checkers >------\n" + checker * 10_000
    lines = text.splitlines(keepends=True)
    began = time.process_time()
    dump = parse_dump(lines)
    assert time.process_time() - began < 3.0
    assert (len(dump.checkers), len(dump.virtual_servers[-1].real_servers)) == (10_000, 10_001)
