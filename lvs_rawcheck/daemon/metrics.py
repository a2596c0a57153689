# SPDX-License-Identifier: GPL-2.0-or-later
"""All that Prometheus is told, made when it asks: from the states of the checks and what was counted.

Reading list: Prometheus, "Text-based format" and "Metric and label naming". prometheus_client writes the text; the
pages are made one after the other, some checks at a time, so that the checks themselves are not held up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from lvs_rawcheck import __version__, clock
from lvs_rawcheck.daemon.counters import BOUNDS, Counters, Histogram
from lvs_rawcheck.daemon.health import DOWN, UNKNOWN, UP
from lvs_rawcheck.daemon.state import CheckState

_NAME = "lvs_rawcheck_"
_CHECKS_AT_ONCE = 32
_CHECK_LABELS = ("service", "real_server")
_LINES_OF_HEAD = 2  # HELP and TYPE

Sample = tuple[tuple[str, ...], float]
"""Values of the labels besides _CHECK_LABELS, and the value."""


class _OfChecks:
    """A gauge with a sample for each check that has one. further: labels besides _CHECK_LABELS."""

    def __init__(
        self, name: str, words: str, sample: Callable[[CheckState], Sample | None], further: Sequence[str] = ()
    ) -> None:
        self._name = _NAME + name
        self._words = words
        self._sample = sample
        self._labels = (*_CHECK_LABELS, *further)

    def pages(self, states: Sequence[CheckState]) -> Iterator[bytes]:
        """Yield the gauge's text: the first page has its head, those after it have none."""
        for start in range(0, max(len(states), 1), _CHECKS_AT_ONCE):
            page = _text([self._gauge(states[start : start + _CHECKS_AT_ONCE])])
            page = page if start == 0 else page.split(b"\n", _LINES_OF_HEAD)[_LINES_OF_HEAD]
            if page:
                yield page

    def _gauge(self, states: Iterable[CheckState]) -> Metric:
        gauge = GaugeMetricFamily(self._name, self._words, labels=self._labels)
        for state in states:
            sample = self._sample(state)
            if sample is not None:
                gauge.add_metric((state.service, state.real_server, *sample[0]), sample[1])
        return gauge


def _plain(value: float | None) -> Sample | None:
    return None if value is None else ((), float(value))


_OF_CHECKS = (
    _OfChecks("check_up", "1 up, 0 down; none while unknown.", lambda state: _plain(state.healthy)),
    _OfChecks(
        "check_reason",
        "Always 1; reason, path and role of the last result.",
        lambda state: ((state.reason, state.path or "", state.role or ""), 1.0) if state.reason else None,
        ("reason", "path", "role"),
    ),
    _OfChecks(
        "check_held",
        "1 while the verdict is kept without, or against, results.",
        lambda state: _plain(bool(state.held)),
    ),
    _OfChecks(
        "check_degraded",
        "1 while the standard check answers because the raw one cannot judge.",
        lambda state: _plain(state.degraded),
    ),
    _OfChecks(
        "check_observed",
        "Always 1, of checks that only observe; what the raw one found.",
        lambda state: None if state.observed is None else ((state.observed,), 1.0),
        ("reason",),
    ),
    _OfChecks(
        "check_latency_seconds",
        "What the last run took.",
        lambda state: _plain(state.latency_ms / 1000.0) if state.runs else None,
    ),
    _OfChecks(
        "check_since_timestamp_seconds",
        "When the verdict came to be.",
        lambda state: None if state.since is None else _plain(clock.wall_of(state.since)),
    ),
)


def metrics_pages(states: Iterable[CheckState], counters: Counters) -> Iterator[bytes]:
    """Yield all metrics in the text format, page after page."""
    all_states = list(states)
    yield _text(_of_the_daemon(all_states, counters))
    for gauge in _OF_CHECKS:
        yield from gauge.pages(all_states)
    yield _text(ProcessCollector(registry=CollectorRegistry()).collect())


def _of_the_daemon(states: list[CheckState], counters: Counters) -> Iterator[Metric]:
    version = GaugeMetricFamily(f"{_NAME}build_info", "Always 1; the program's version.", labels=("version",))
    version.add_metric((__version__,), 1.0)
    yield version
    checks = GaugeMetricFamily(f"{_NAME}checks", "Checks of the registry, by verdict.", labels=("state",))
    for name in (UP, DOWN, UNKNOWN):
        checks.add_metric((name,), sum(state.state == name for state in states))
    yield checks
    yield GaugeMetricFamily(f"{_NAME}checks_held", "Checks whose verdict is held.", sum(bool(s.held) for s in states))
    yield _counter("runs", "Checks that were run.", counters.runs)
    yield _counter("transitions", "Changes of verdicts.", counters.transitions)
    yield _counter("holds", "Runs after which a verdict was held.", counters.holds)
    frames = CounterMetricFamily(f"{_NAME}frames", "Frames of the checks.", labels=("direction",))
    frames.add_metric(("in",), counters.frames_in)
    frames.add_metric(("out",), counters.frames_out)
    yield frames
    yield _counter("frames_lost", "Frames of ours that a full queue lost.", counters.frames_lost)
    yield _counter("foreign_frames", "Frames of others that no filter kept off.", counters.foreign_frames)
    lateness = HistogramMetricFamily(f"{_NAME}lateness_seconds", "From when a run was due to when it began.")
    lateness.add_metric((), _buckets(counters.lateness), counters.lateness.total)
    yield lateness
    phases = HistogramMetricFamily(f"{_NAME}phase_seconds", "What each phase of a check took.", labels=("phase",))
    for name, histogram in counters.phases.by_name.items():
        phases.add_metric((name,), _buckets(histogram), histogram.total)
    yield phases


def _counter(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(_NAME + name, words, value)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return the buckets as Prometheus has them: each holds all that are below its bound."""
    bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
    return list(zip(bounds, accumulate(histogram.counts), strict=True))


class _Collected(Collector):
    """Metrics in the place of a registry's."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._metrics


def _text(metrics: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(metrics))
    return generate_latest(registry)
