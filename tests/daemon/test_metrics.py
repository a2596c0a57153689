# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics: what Prometheus reads there, the server that hands them out, and the examples that name them."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.daemon import metrics_server, server
from lvs_rawcheck.daemon.counters import BOUNDS, Counters, Histogram
from lvs_rawcheck.daemon.listening import parse_loopback
from lvs_rawcheck.daemon.metrics_server import MetricsServer, listen_for_metrics, maker_of_pages
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.errors import LinkError, RawCheckError, UsageError
from tests.daemon.talking import Loop, known
from tests.netns.topology import Namespace

prometheus_client = pytest.importorskip("prometheus_client", reason="python3-prometheus-client is not installed")
EXAMPLES = Path(__file__).parents[2] / "examples"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool (Debian's prometheus) is not installed")
_NAMES = re.compile(r"\b(?:lvs_rawcheck|process)_[a-z_]+")


def states() -> list[CheckState]:
    observed = known("10.0.0.45")
    observed.observed = "no-answer"
    held = known("10.0.0.44", healthy=False)
    held.held = 'interface "eth0"\nis down'
    held.degraded = True
    return [known(), known("10.0.0.43", healthy=False), held, observed, known("2001:db8::42", healthy=None)]


def counters() -> Counters:
    counted = Counters()
    counted.runs, counted.holds, counted.transitions = 7, 2, 5
    counted.frames_in, counted.frames_out, counted.frames_lost, counted.foreign_frames = 30, 40, 1, 3
    counted.phases.note({"resolve": 0.02, "connect": 0.4, "first_octet": 700.0, "other": 1.0})
    counted.lateness.note(0.003)
    return counted


def text(checks: list[CheckState], counted: Counters | None = None) -> str:
    return b"".join(maker_of_pages(lambda: checks, counted or counters())()).decode()


def samples(rendered: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    from prometheus_client.parser import text_string_to_metric_families

    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(rendered)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


def of(found: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float | None:
    return found.get((f"lvs_rawcheck_{name}", frozenset(labels.items())))


# What is told.


def test_what_is_told_of_a_check() -> None:
    found = samples(text(states()))
    web = {"service": "web", "real_server": "10.0.0.42"}
    down = {"service": "web", "real_server": "10.0.0.43"}
    held = {"service": "web", "real_server": "10.0.0.44"}
    unknown = {"service": "web", "real_server": "2001:db8::42"}
    assert [of(found, "check_up", **labels) for labels in (web, down, held, unknown)] == [1, 0, 0, None]
    assert of(found, "check_reason", **down, reason="refused", path="raw", role="") == 1
    assert [of(found, "check_held", **labels) for labels in (web, held)] == [0, 1]
    assert [of(found, "check_degraded", **labels) for labels in (web, held)] == [0, 1]
    assert of(found, "check_observed", service="web", real_server="10.0.0.45", reason="no-answer") == 1
    assert of(found, "check_latency_seconds", **web) == 0.000734
    assert of(found, "check_latency_seconds", **unknown) is None
    since = of(found, "check_since_timestamp_seconds", **web)
    assert since is not None
    assert abs(since - (clock.wall_now() - 192.0)) < 5


def test_what_is_told_of_the_daemon() -> None:
    found = samples(text(states()))
    assert [of(found, "checks", state=state) for state in ("up", "down", "unknown")] == [2, 2, 1]
    assert of(found, "checks_held") == 1
    names = ("runs_total", "transitions_total", "holds_total", "frames_lost_total", "foreign_frames_total")
    assert [of(found, name) for name in names] == [7, 5, 2, 1, 3]
    assert [of(found, "frames_total", direction=direction) for direction in ("in", "out")] == [30, 40]
    assert (of(found, "lateness_seconds_count"), of(found, "lateness_seconds_sum")) == (1, 0.003)
    assert ("process_resident_memory_bytes", frozenset()) in found


def test_a_histogram_as_prometheus_has_it() -> None:
    found = samples(text([]))
    buckets = {bound: of(found, "phase_seconds_bucket", phase="connect", le=str(bound)) for bound in (*BOUNDS, "+Inf")}
    assert buckets == dict.fromkeys((*BOUNDS, "+Inf"), 1)
    slow = [of(found, "phase_seconds_bucket", phase="first_octet", le=bound) for bound in ("0.5", "1.0", "+Inf")]
    assert slow == [0, 1, 1]
    assert of(found, "phase_seconds_sum", phase="first_octet") == 0.7


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0), (0.0005, 0), (0.00051, 1), (2.5, 11), (2.51, 12), (1e9, 12), (-1.0, 0)]
)
def test_buckets(seconds: float, bucket: int) -> None:
    histogram = Histogram()
    histogram.note(seconds)
    assert histogram.counts.index(1) == bucket


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 64, 200])
def test_pages_make_one_whole(count: int) -> None:
    rendered = text([known(f"10.1.0.{number}", healthy=number % 2 == 0) for number in range(count)])
    heads = [line for line in rendered.splitlines() if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads))
    found = samples(rendered)
    assert sum(name == "lvs_rawcheck_check_up" for name, _ in found) == count


@needs_promtool
def test_promtool_has_nothing_to_say_against_it() -> None:
    done = subprocess.run(["promtool", "check", "metrics"], input=text(states()), text=True, capture_output=True)
    complaints = [line for line in done.stderr.splitlines() if "lvs_rawcheck" in line]
    assert (done.returncode, complaints) == (0, [])


# The server.


class Site:
    """A loop with a metrics server."""

    def __init__(self, listener: socket.socket, checks: list[CheckState]) -> None:
        self.loop = Loop()
        self.address = listener.getsockname()
        self.family = listener.family
        self.server = MetricsServer(listener, self.loop.poller, maker_of_pages(lambda: checks, counters()))
        self.loop.parts.append(self.server)

    def close(self) -> None:
        self.server.close()
        self.loop.close()

    def answer(self, request: bytes) -> tuple[bytes, bytes]:
        """Return head and body."""
        with socket.socket(self.family) as client:
            client.connect(self.address)
            client.setblocking(False)
            client.send(request)
            return self.hear(client)

    def hear(self, client: socket.socket) -> tuple[bytes, bytes]:
        heard: list[bytes] = []

        def at_end() -> bool:
            try:
                heard.append(client.recv(1 << 20))
            except BlockingIOError:
                return False
            except ConnectionResetError:
                return True
            return not heard[-1]

        self.loop.until(at_end, "the end of the answer")
        head, _, body = b"".join(heard).partition(b"\r\n\r\n")
        return head, body


@pytest.fixture
def own_loopback() -> Iterator[None]:
    """Nothing that a test sends or listens at is on this machine's own loopback."""
    namespace = Namespace("metrics")
    try:
        with namespace.entered():
            yield
    finally:
        namespace.remove()


@pytest.fixture
def site(own_loopback: None) -> Iterator[Site]:
    made = Site(listen_for_metrics("127.0.0.1:9842"), states())
    yield made
    made.close()


@pytest.mark.netns
@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\nHost: localhost\r\nAccept: */*\r\n\r\n"])
def test_get(site: Site, end: bytes) -> None:
    head, body = site.answer(b"GET /metrics HTTP/1.1" + end)
    assert head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"Content-Type: text/plain; version=0.0.4" in head
    assert of(samples(body.decode()), "runs_total") == 7


@pytest.mark.netns
def test_head_and_query(site: Site) -> None:
    head, body = site.answer(b"HEAD /metrics HTTP/1.0\r\n\r\n")
    assert (head.split(b"\r\n")[0], body) == (b"HTTP/1.0 200 OK", b"")
    assert b"200" in site.answer(b"GET /metrics?x=1 HTTP/1.0\r\n\r\n")[0].split(b"\r\n")[0]


@pytest.mark.netns
@pytest.mark.parametrize(
    ("request_octets", "status"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", b"404"),
        (b"GET /metrics/../etc/passwd HTTP/1.0\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.0\r\n\r\n", b"405"),
        (b"GET /metrics\r\n\r\n", b"400"),
        (b"\r\n\r\n", b"400"),
        (b"\xff\x00\x01 \x85 \x1c\r\n\r\n", b"400"),
        (b"GET /metrics HTTP/1.0\r\n" + b"X: y\r\n" * 2000, b"400"),
    ],
)
def test_other_requests(site: Site, request_octets: bytes, status: bytes) -> None:
    head, body = site.answer(request_octets)
    assert (head[:12] in (b"HTTP/1.0 " + status, b""), body) == (True, b"")  # b"": TCP's RST was faster
    assert site.answer(b"GET /metrics HTTP/1.0\r\n\r\n")[1]


@pytest.mark.netns
def test_ten_thousand_checks_hold_nobody_up(own_loopback: None) -> None:
    checks = [known(f"10.1.{number // 250}.{number % 250}") for number in range(10_000)]
    site = Site(listen_for_metrics("[::1]:9842"), checks)
    try:
        _, body = site.answer(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert body.count(b"\nlvs_rawcheck_check_up{") == 10_000
        assert site.loop.longest_turn < 0.02
    finally:
        site.close()


@pytest.mark.netns
def test_slow_and_many(site: Site) -> None:
    clients = [socket.create_connection(site.address) for _ in range(metrics_server.CLIENTS_MOST)]
    site.loop.until(lambda: len(site.server._clients) == metrics_server.CLIENTS_MOST, "all are in")
    assert site.answer(b"")[0].startswith(b"HTTP/1.0 503")
    site.loop.ahead += server.CLIENT_SECONDS
    site.loop.turn()
    assert not site.server._clients
    assert site.answer(b"GET /metrics HTTP/1.0\r\n\r\n")[1]
    for client in clients:
        client.close()


def test_at_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    site = Site(listen_for_metrics(str(path), os.getegid()), states())
    site.address = str(path)
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert of(samples(site.answer(b"GET /metrics HTTP/1.0\r\n\r\n")[1].decode()), "runs_total") == 7
    finally:
        site.close()


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.0:9842", "10.0.0.1:9842", "[::]:9842", "[2001:db8::1]:9842", "[::ffff:127.0.0.1]:9842"),
        *("localhost:9842", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:http", "::1", "[::1:9842", "::1]:9842", ":9842"),
        *("", "relative.sock", "\0", "127.0.0.1:9842/metrics"),
    ],
)
def test_anywhere_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        listen_for_metrics(text)


def test_loopback() -> None:
    assert parse_loopback("127.0.0.2:9842") == (b"\x7f\x00\x00\x02", 9842)
    assert parse_loopback("[::1]:65535") == (bytes(15) + b"\x01", 65535)


@pytest.mark.netns
def test_a_port_that_is_taken(site: Site) -> None:
    with pytest.raises(LinkError, match="cannot listen on port"):
        listen_for_metrics(f"127.0.0.1:{site.address[1]}")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lvs_rawcheck.daemon.metrics", None)
    with pytest.raises(RawCheckError, match="not installed"):
        maker_of_pages(list, Counters())


# The examples.


def _metric_names() -> set[str]:
    names = {name for name, _ in samples(text(states()))}
    return names | {name.removesuffix("_bucket") for name in names}


@pytest.mark.parametrize(
    "name", ["grafana/lvs-rawcheck.json", "prometheus/alerts.yml", "prometheus/alerts-test.yml", "prometheus/README.md"]
)
def test_every_name_in_the_examples_is_one_of_ours(name: str) -> None:
    named = set(_NAMES.findall((EXAMPLES / name).read_text()))
    assert named
    assert named - _metric_names() == set()


def test_the_readme_names_all_of_them() -> None:
    named = set(_NAMES.findall((EXAMPLES / "prometheus" / "README.md").read_text()))
    ours = {
        name for name in _metric_names() if name.startswith("lvs_") and not name.endswith(("_sum", "_count", "_bucket"))
    }
    assert ours - named == {"lvs_rawcheck_build_info"}


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads((EXAMPLES / "grafana" / "lvs-rawcheck.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 8
    assert all(target["expr"] for panel in panels for target in panel["targets"])
    places = [(place["x"], place["y"]) for place in (panel["gridPos"] for panel in panels)]
    assert len(set(places)) == len(places)


@needs_promtool
def test_promtool_reads_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    dashboard = json.loads((EXAMPLES / "grafana" / "lvs-rawcheck.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    filled = [re.sub(r"\$__(rate_interval|range)", "5m", expression) for expression in expressions]
    rules = [{"record": f"dashboard:{number}", "expr": expression} for number, expression in enumerate(filled)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    subprocess.run(["promtool", "check", "rules", str(tmp_path / "rules.yml")], check=True, capture_output=True)


@needs_promtool
@pytest.mark.parametrize(
    "command",
    [("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yml"), ("test", "rules", "alerts-test.yml")],
)
def test_promtool_reads_the_examples(command: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *command], cwd=EXAMPLES / "prometheus", text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
