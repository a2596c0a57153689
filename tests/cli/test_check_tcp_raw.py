# SPDX-License-Identifier: GPL-2.0-or-later
"""The C tool's command line, option for option."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from lvs_rawcheck.cli.check_tcp_raw import parse_total_timeout
from lvs_rawcheck.errors import UsageError
from tests.cli.commands import LAUNCHER, TIMEOUT, Desk
from tests.cli.site import CLOSED_PORT, DIRECTOR_IP, NOBODY_IP, PORT, REAL_IP, REAL_IP6, VIP, VIP6, Site
from tests.netns.services import capture, is_tcp_reset
from tests.netns.topology import wait_until

WORDS = ("eth0", REAL_IP, VIP, PORT)
START_UP = 1.0  # seconds a process may take to start and end, on a busy machine

MAC = r"\([0-9a-f]{2}(:[0-9a-f]{2}){5}\)"
PACKET_LINE = re.compile(rf"{MAC} \S+:\d+ > \S+:\d+ {MAC} Flags \[[SFRP.UEW]+\], seq \d+, ack \d+(, length \d+)?")
ARP_LINE = re.compile(rf"{MAC} \S+ ARP (request who has \S+|reply \S+ is at \S+) {MAC}")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1000", 2.0), ("1", 0.002), ("250", 0.5), ("0", 60.0), ("000", 60.0), ("0010", 0.02), ("150000", 300.0)],
)
def test_milliseconds_for_each_answer_are_seconds_in_all(text: str, seconds: float) -> None:
    assert parse_total_timeout(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "-5", "-0", "+5", "1.5", "1e3", "soon", " 5", "5 ", "0x10", "\u0665", "150001", "9" * 5000]
)
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a time in milliseconds"):
        parse_total_timeout(text)


@pytest.mark.netns
class TestAtASite:
    @pytest.mark.parametrize(("real_ip", "vip"), [(REAL_IP, VIP), (REAL_IP6, VIP6)], ids=["IPv4", "IPv6"])
    @pytest.mark.parametrize(("port", "status"), [(PORT, 0), (CLOSED_PORT, 1)])
    def test_healthy_is_0_and_everything_else_1(
        self, desk: Desk, site: Site, real_ip: str, vip: str, port: str, status: int
    ) -> None:
        outcome = desk.drop_in(site.director, "eth0", real_ip, vip, port)
        assert (outcome.status, outcome.stderr) == (status, "")

    @pytest.mark.parametrize(("options", "seconds"), [((), 2.0), (("-t", "250"), 0.5), (("--timeout=100",), 0.2)])
    def test_the_timeout_is_twice_that_of_an_answer(
        self, desk: Desk, site: Site, options: tuple[str, ...], seconds: float
    ) -> None:
        outcome = desk.drop_in(site.director, *options, "eth0", NOBODY_IP, VIP, PORT)
        assert outcome.status == 1
        assert seconds <= outcome.seconds < seconds + START_UP

    def test_verbose_shows_parameters_and_tcp(self, desk: Desk, site: Site) -> None:
        outcome = desk.drop_in(site.director, "-v", *WORDS)
        lines = outcome.stderr.splitlines()
        parameters = dict(line.split(": ", 1) for line in lines if not line.startswith("("))
        assert {name: text.strip() for name, text in parameters.items() if name != "time left"} == {
            "interface": "eth0",
            "real server": REAL_IP,
            "virtual IP": VIP,
            "port": PORT,
            "role file": "none",
            "clean close": "no",
        }
        packets = [line for line in lines if line.startswith("(")]
        assert all(PACKET_LINE.fullmatch(line) for line in packets)
        director, server = site.director.mac, site.server.mac
        port = packets[0].split()[1].rpartition(":")[2]
        assert packets[0] == f"({director}) {DIRECTOR_IP}:{port} > {VIP}:{PORT} ({server}) Flags [S], seq 1, ack 0"
        assert packets[1] == f"({server}) {VIP}:{PORT} > {DIRECTOR_IP}:{port} ({director}) Flags [S.], seq 1, ack 2"
        assert packets[-1].endswith("Flags [R.], seq 2, ack 2")

    def test_twice_verbose_shows_arp_too(self, desk: Desk, site: Site) -> None:
        site.director.ip("neighbour", "flush", "all")
        outcome = desk.drop_in(site.director, "--verbose", "--verbose", *WORDS)
        arp = [line for line in outcome.stderr.splitlines() if ARP_LINE.fullmatch(line)]
        assert f"({site.director.mac}) {DIRECTOR_IP} ARP request who has {REAL_IP} (ff:ff:ff:ff:ff:ff)" in arp
        reply = f"({site.server.mac}) {REAL_IP} ARP reply {REAL_IP} is at {site.server.mac} ({site.director.mac})"
        assert reply in arp
        site.director.ip("neighbour", "flush", "all")
        assert "ARP" not in desk.drop_in(site.director, "-v", *WORDS).stderr

    def test_without_verbose_nothing_is_on_stderr(self, desk: Desk, site: Site) -> None:
        outcome = desk.drop_in(site.director, *WORDS)
        assert (outcome.stdout, outcome.stderr) == (f"{VIP}:{PORT} via {REAL_IP} up: connected\n", "")

    @pytest.mark.parametrize(("options", "resets"), [((), 1), (("-c",), 0), (("--clean-close",), 0)])
    def test_clean_close_sends_no_reset(self, desk: Desk, site: Site, options: tuple[str, ...], resets: int) -> None:
        with capture(site.director, wanted=is_tcp_reset) as resets_seen:
            assert desk.drop_in(site.director, *options, *WORDS).status == 0
            wait_until(lambda: len(resets_seen.frames()) >= resets, "our own reset")
            assert len(resets_seen.frames()) == resets

    def test_options_stand_anywhere(self, desk: Desk, site: Site) -> None:
        outcome = desk.drop_in(site.director, "eth0", "-t", "500", REAL_IP, "-c", VIP, "-v", PORT)
        assert outcome.status == 0
        assert "clean close:   yes" in outcome.stderr

    @pytest.mark.parametrize(("content", "standard"), [("1", False), ("0", True), ("", True)])
    def test_role_file(self, desk: Desk, site: Site, content: str, standard: bool) -> None:
        role = desk.file("role", content)
        for words in (("-r", str(role)), (f"--role-file={role}",)):
            outcome = desk.drop_in(site.director, *words, *WORDS)
            assert outcome.status == 0
            assert ("(standard check)" in outcome.stdout) is standard

    def test_it_is_raw_on_the_interface_that_is_named(self, desk: Desk, site: Site) -> None:
        site.director.macvlan("mv0", addresses=["10.0.0.23/24"])
        outcome = desk.drop_in(site.director, "-v", "mv0", REAL_IP, VIP, PORT)
        assert outcome.status == 0
        assert f"({site.director.macs['mv0']}) 10.0.0.23:" in outcome.stderr


@pytest.mark.parametrize("option", ["-?", "--help", "--usage", "-h"])
def test_help_names_every_option_of_the_c_tool(option: str) -> None:
    code = "import sys; from lvs_rawcheck.cli.check_tcp_raw import main; sys.exit(main())"
    argv = [sys.executable, "-c", code, option]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=LAUNCHER.parents[2], timeout=TIMEOUT)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("IFACE REAL_SERVER VIRTUAL_IP PORT", "--timeout", "--role-file", "--verbose", "--clean-close", "-?"):
        assert word in done.stdout
