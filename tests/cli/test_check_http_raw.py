# SPDX-License-Identifier: GPL-2.0-or-later
"""The C tool's two HTTP command lines, option for option."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.checks.http.responder import BODY
from tests.cli.commands import LAUNCHER, TIMEOUT, Desk
from tests.cli.site import NOBODY_IP, REAL_IP, REAL_IP6, VIP, VIP6, Site
from tests.cli.stage import START_UP
from tests.cli.test_check_tcp_raw import ARP_LINE, PACKET_LINE
from tests.cli.web_site import WEB_PORT, WebSite
from tests.netns.topology import Network

MD5 = hashlib.md5(BODY).hexdigest()
URL = ("www.example.com", "/")


@pytest.fixture(scope="module")
def web() -> Iterator[WebSite]:
    with Network() as network:
        yield WebSite(Site(network))


@pytest.mark.netns
class TestAtASite:
    @pytest.mark.parametrize(
        ("path", "md5", "status"),
        [("/", MD5, 0), ("/", MD5.upper(), 0), ("/", "0" * 32, 1), ("/404", MD5, 1), ("/chunked", MD5, 0)],
    )
    def test_get_raw_wants_a_2xx_and_the_md5(self, desk: Desk, web: WebSite, path: str, md5: str, status: int) -> None:
        outcome = web.get(desk, path=path, md5=md5)
        assert (outcome.status, outcome.stderr) == (status, "")

    @pytest.mark.parametrize(("real_ip", "vip"), [(REAL_IP, VIP), (REAL_IP6, VIP6)], ids=["IPv4", "IPv6"])
    def test_both_families(self, desk: Desk, web: WebSite, real_ip: str, vip: str) -> None:
        words = ("eth0", real_ip, vip, WEB_PORT, *URL)
        assert desk.run(web.site.director, "check_http_get_raw", *desk.own_folders(), *words, MD5).status == 0
        assert desk.run(web.site.director, "check_http_raw", *desk.own_folders(), "-S200", *words).status == 0

    @pytest.mark.parametrize(
        ("options", "path", "status"),
        [
            (("-S", "200"), "/", 0),
            (("--status-code=404",), "/404", 0),
            (("-S", "200"), "/404", 1),
            (("-R", "Server: responder"), "/", 0),
            (("-R", "Server: responder", "--response-header", "Content-Length: 13"), "/", 0),
            (("-R", "Server: responder", "-R", "X-None: 1"), "/", 1),
            (("-R", "Server: responder"), "/404", 0),  # what is not given is not tested
            (("-A", MD5), "/", 0),
            (("--hash", "0" * 32), "/", 1),
            (("-B", "hello, world\n"), "/", 0),
            (("--body", "hello"), "/", 1),
            (("-S200", "-R", "server: responder", "-A", MD5, "-B", "hello, world\n"), "/", 0),
            (("-S404", "-A", MD5), "/", 1),
            (("-S", "204"), "/204", 0),
            (("-M", "HEAD", "-S", "200", "-R", "Content-Length: 13"), "/half-early", 1),
            (("--method=GET", "-S", "200"), "/", 0),
        ],
    )
    def test_expectations(self, desk: Desk, web: WebSite, options: tuple[str, ...], path: str, status: int) -> None:
        outcome = web.check(desk, *options, path=path)
        assert (outcome.status, outcome.stderr) == (status, "")

    def test_what_is_asked(self, desk: Desk, web: WebSite) -> None:
        outcome = web.check(desk, "-vv", "-S200", "-H", "X-One: 1", "--header", "X-Two: 2", path="/host")
        assert outcome.status == 0
        request = outcome.stderr.splitlines()
        begin = request.index("GET /host HTTP/1.1")
        assert request[begin + 1 : begin + 6] == [
            "Host: www.example.com",
            "User-Agent: lvs-rawcheck",
            "Connection: close",
            "X-One: 1",
            "X-Two: 2",
        ]

    def test_verbosity(self, desk: Desk, web: WebSite) -> None:
        head = ["HTTP/1.1 200 OK", "Server: responder", "Content-Length: 13", "", "[13 octets of body]"]
        web.site.director.ip("neighbour", "flush", "all")
        told = {count: web.check(desk, *["-v"] * count, "-S200").stderr.splitlines() for count in range(5)}
        assert told[0] == []
        assert told[1] == head
        assert told[2] == [*head, "hello, world"]
        packets = [line for line in told[3] if line.startswith("(")]
        assert [line for line in told[3] if line not in packets] == told[2]
        assert len(packets) > 4
        assert all(PACKET_LINE.fullmatch(line) for line in packets)
        web.site.director.ip("neighbour", "flush", "all")
        told[4] = web.check(desk, "-vvvv", "-S200").stderr.splitlines()
        assert any(ARP_LINE.fullmatch(line) for line in told[4])

    def test_a_failure_says_what_came_too(self, desk: Desk, web: WebSite) -> None:
        outcome = web.get(desk, "-v", path="/404", md5=MD5)
        assert "HTTP/1.1 404 Not Found" in outcome.stderr.splitlines()
        assert f"{VIP}:{WEB_PORT} via {REAL_IP} down: status: status 404" in outcome.stdout
        assert web.check(desk, "-vv", "-t50", "-S200", path="/silent").stderr.splitlines() == ["no response"]

    @pytest.mark.parametrize(("options", "seconds"), [(("-t", "100"), 0.4), (("--timeout=250",), 1.0)])
    def test_the_timeout_is_four_times_that_of_an_answer(
        self, desk: Desk, web: WebSite, options: tuple[str, ...], seconds: float
    ) -> None:
        outcome = web.check(desk, *options, "-S200", path="/silent")
        assert (outcome.status, ": timeout: " in outcome.stdout) == (1, True)
        assert seconds <= outcome.seconds < seconds + START_UP

    @pytest.mark.parametrize(("content", "standard"), [("1", False), ("0", True)])
    def test_role_file(self, desk: Desk, web: WebSite, content: str, standard: bool) -> None:
        role = desk.file("role", content)
        for outcome in (web.get(desk, "-r", str(role), md5=MD5), web.check(desk, f"--role-file={role}", "-S200")):
            assert outcome.status == 0
            assert ("(standard check)" in outcome.stdout) is standard


REFUSED = [
    ((), URL, "at least one of -S, -R, -A and -B is needed"),
    (("-H", "X: y"), URL, "at least one of -S, -R, -A and -B is needed"),
    (("-M", "HEAD", "-B", "x"), URL, "body is about the body, and a response to HEAD has none"),
    (("-M", "HEAD", "-A", MD5), URL, "md5 is about the body"),
    (("-M", "POST", "-S200"), URL, "method: not one of GET, HEAD"),
    (("-S", "99"), URL, "status: not a status"),
    (("-S", "OK"), URL, "status: not a status"),
    (("-A", "abc"), URL, "md5: not the 32 hexadecimal digits of MD5"),
    (("-R", "X Y: 1"), URL, "response header: not the name of a header"),
    (("-H", "no colon", "-S200"), URL, "header: a header is written `Name: value`"),
    (("-H", "Host: other", "-S200"), URL, "said by host"),
    (("-S200",), ("www.example.com",), "wanted: IFACE REAL_SERVER VIRTUAL_IP PORT HOST PATH"),
    (("-S200",), (*URL, MD5), "wanted: IFACE REAL_SERVER VIRTUAL_IP PORT HOST PATH"),
    (("-S200",), ("a b", "/"), "host is empty, or has a blank"),
    (("-S200",), ("a", "x"), "path does not begin with /"),
    (("-c", "-S200"), URL, "unknown option -c"),
    (("-t", "75001", "-S200"), URL, "not a time in milliseconds, 0 to 75000"),
]


@pytest.mark.netns
@pytest.mark.parametrize(("options", "url", "sentence"), REFUSED)
def test_what_cannot_be_meant_is_one_sentence_before_any_packet(
    desk: Desk, options: tuple[str, ...], url: tuple[str, ...], sentence: str
) -> None:
    words = (*options, "eth0", NOBODY_IP, VIP, WEB_PORT, *url)
    outcome = desk.run(None, "check_http_raw", *desk.own_folders(), *words)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("check_http_raw: cannot-judge: ")
    assert sentence in outcome.stderr
    assert outcome.stderr.count("\n") == 1


@pytest.mark.netns
def test_get_raw_needs_an_md5(desk: Desk) -> None:
    for md5, sentence in (((), "HOST PATH MD5"), (("5d41",), "md5: not the 32 hexadecimal digits")):
        words = ("eth0", NOBODY_IP, VIP, WEB_PORT, *URL, *md5)
        outcome = desk.run(None, "check_http_get_raw", *desk.own_folders(), *words)
        assert (outcome.status, sentence in outcome.stderr) == (1, True)


@pytest.mark.parametrize("option", ["-?", "--help", "--usage"])
@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("check_http_get_raw", ["IFACE REAL_SERVER VIRTUAL_IP PORT HOST PATH MD5"]),
        (
            "check_http_raw",
            ["PORT HOST PATH", "--method", "--header", "--status-code", "--response-header", "--hash", "--body"],
        ),
    ],
)
def test_help_names_every_option_of_the_c_tool(option: str, module: str, words: list[str]) -> None:
    code = f"import sys; from lvs_rawcheck.cli.{module} import main; sys.exit(main())"
    argv = [sys.executable, "-c", code, option]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=LAUNCHER.parents[2], timeout=TIMEOUT)
    assert (done.returncode, done.stderr) == (0, "")
    for word in (*words, "--timeout", "--role-file", "--verbose", "-?"):
        assert word in done.stdout
