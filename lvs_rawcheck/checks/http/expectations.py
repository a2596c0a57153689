# SPDX-License-Identifier: GPL-2.0-or-later
"""What a response must be like: its status, its headers, and the tests of its content together."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict, shown
from lvs_rawcheck.checks.http.body import Body
from lvs_rawcheck.checks.parameters import DECIMAL
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import h11

    from lvs_rawcheck.checks.http.content import ContentTest

STATUS_LOWEST, STATUS_HIGHEST = 100, 599  # HTTP_STATUS_CODE_MIN, _MAX in check_http.c
STATUS_DEFAULT = "200-299"
"""keepalived's default, and what libwww-perl's is_success, which ldirectord asks, means."""


class Status:
    """One of these, each a number or a range: `200`, `200-299`. None at all: any."""

    __slots__ = ("_ranges", "_text")

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._ranges = tuple(ranges)
        self._text = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in self._ranges)

    def judge(self, status: int, reason_phrase: bytes) -> Verdict | None:
        """Return what is wrong with a status."""
        if not self._ranges or any(low <= status <= high for low, high in self._ranges):
            return None
        said = f" {shown(reason_phrase)}" if reason_phrase else ""
        return Verdict(Reason.STATUS, f"status {status}{said}, expected {self._text}")


class ExpectedHeader:
    """A header, by its name in lower case, with this value, or None for any; repeated, one of them will do."""

    __slots__ = ("_name", "_value")

    def __init__(self, name: bytes, value: bytes | None) -> None:
        self._name = name
        self._value = value

    def judge(self, headers: Sequence[tuple[bytes, bytes]]) -> Verdict | None:
        """Return what is wrong with the headers, their names in lower case."""
        values = [value for name, value in headers if name == self._name]
        if values and (self._value is None or self._value in values):
            return None
        name = self._name.decode()
        expected = f", expected {shown(self._value)}" if self._value is not None else ""
        came = f"header {name} is {' and '.join(map(shown, values[:3]))}" if values else f"no header {name}"
        return Verdict(Reason.HEADER, came + expected)


class Expectations:
    """All that one response must be like."""

    __slots__ = ("_algorithms", "_content", "_headers", "_limit", "_status")

    def __init__(
        self,
        status: Status,
        headers: Sequence[ExpectedHeader] = (),
        content: Sequence[ContentTest] = (),
        more_algorithms: Sequence[str] = (),
        kept_octets: int = 0,
    ) -> None:
        """more_algorithms, kept_octets: what is wanted of the content beyond its judgement."""
        self._status = status
        self._headers = headers
        self._content = content
        self._limit = max([kept_octets, *(test.kept_octets for test in content)])
        tested = [test.algorithm for test in content if test.algorithm is not None]
        self._algorithms = tuple(dict.fromkeys((*tested, *more_algorithms)))

    def new_body(self) -> Body:
        """Return what takes in one response's content, for all that is expected of it."""
        return Body(self._limit, self._algorithms)

    def judge_head(self, response: h11.Response | h11.InformationalResponse) -> Verdict | None:
        """Return what is wrong with the header."""
        verdict = self._status.judge(response.status_code, response.reason)
        if verdict is not None or not self._headers:
            return verdict
        headers = list(response.headers)
        return next((verdict for each in self._headers if (verdict := each.judge(headers)) is not None), None)

    def judge_long_body(self, body: Body) -> Verdict | None:
        """Return what is wrong with content that is longer than what is kept, however it goes on."""
        return _first_wrong((test for test in self._content if test.kept_octets), body)

    def judge_body(self, body: Body) -> Verdict | None:
        """Return what is wrong with the whole content."""
        return _first_wrong(self._content, body)


def _first_wrong(tests: Iterable[ContentTest], body: Body) -> Verdict | None:
    return next((verdict for test in tests if (verdict := test.judge(body)) is not None), None)


def parse_statuses(text: str) -> tuple[int, int]:
    """Return the lowest and the highest of `200` or `200-299`; UsageError."""
    low, dash, high = text.partition("-")
    numbers = [int(word) if len(word) == 3 and set(word) <= set(DECIMAL) else 0 for word in (low, high or low)]
    if (dash and not high) or not STATUS_LOWEST <= numbers[0] <= numbers[1] <= STATUS_HIGHEST:
        raise UsageError(f"not a status or a range of them, {STATUS_LOWEST} to {STATUS_HIGHEST}: {text!r}")
    return numbers[0], numbers[1]
