# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `stream`: a script of send and expect, for every protocol that has no kind of its own.

An expectation is met by the first place in what has not been taken in yet where it is found; all up to the end of that
place is then taken in. A pattern is tried on what has come so far, each time that something comes: it must not count
on how much that is, and its `^` and `$` are the ends of what has come and was not taken in. A server that has said
`limit` octets in none of which the expectation was found has answered wrongly.
"""

from __future__ import annotations

import os
from functools import partial

from lvs_rawcheck.checks.base import FIRST_OCTET, Conversation, Reason, Verdict, shown
from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.parameters import Parameter, whole_number
from lvs_rawcheck.checks.regex_dialect import REGEX_DIALECT, demand_no_dialect, read_pattern
from lvs_rawcheck.checks.stream_kinds import STREAM_PARAMETERS, TLS, clear_or_secured, secured_on_request
from lvs_rawcheck.checks.stream_script import (
    Expect,
    ExpectRegex,
    Send,
    StartTls,
    Step,
    parse_script,
    parse_steps,
)
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvs_rawcheck.checks.kind import Step as MakeStep
    from lvs_rawcheck.checks.parameters import Values

LIMIT_DEFAULT = 64 * 1024  # octets
LIMIT_MOST = 1024 * 1024
_SCRIPT_OCTETS = 256 * 1024
_SEARCHED_OCTETS = 16 * 1024 * 1024
"""What all the searches of one conversation may read, and 16 limits more: who sends a byte at a time makes each search
one longer. A server in earnest that sends 64 KiB in lines of 100 octets costs 21 MB."""
_LIMITS_SEARCHED = 16


class StreamConversation(Conversation):
    """Goes through a script. limit: how many octets may come before an expectation is met."""

    __slots__ = ("_at", "_limit", "_outbox", "_searched", "_steps", "_tried", "_unread", "_was_answered")

    kind = "stream"

    def __init__(self, steps: Sequence[Step], limit: int) -> None:
        self._steps = steps
        self._limit = limit
        self._at = 0
        self._outbox = b""
        self._unread = bytearray()
        self._tried = 0
        """How many octets of the unread the present step has been looked for in."""
        self._searched = 0
        """How many octets patterns have read in all."""
        self._was_answered = False

    def connected(self) -> Verdict | None:
        """Begin with the first step."""
        return self._proceed()

    def data_received(self, octets: bytes) -> Verdict | None:
        """Go on as far as these octets allow."""
        self._was_answered = True
        self._unread += octets
        return self._proceed()

    def peer_closed(self) -> Verdict | None:
        """Return the verdict: an expectation was left unmet."""
        return Verdict(Reason.CLOSED, f"the server closed before {self._position()}{self._after()}")

    def octets_to_send(self) -> bytes:
        """Return what the steps say that were reached."""
        octets, self._outbox = self._outbox, b""
        return octets

    def awaiting(self) -> str:
        """Return which step it is."""
        return f"{self._position()}{self._after()}"

    def phases_reached(self) -> Sequence[str]:
        """Return `first_octet` once there was one."""
        return FIRST_OCTET if self._was_answered else ()

    @property
    def ready_for_tls(self) -> bool:
        """Return whether the present step is tls."""
        is_next = self._at < len(self._steps) and isinstance(self._steps[self._at], StartTls)
        return is_next and not self._unread

    def secured(self) -> Verdict | None:
        """Go on behind the step tls."""
        self._at += 1
        return self._proceed()

    def _proceed(self) -> Verdict | None:
        while self._at < len(self._steps):
            step = self._steps[self._at]
            if isinstance(step, StartTls):
                return self._judge_readiness()
            if isinstance(step, Send):
                self._outbox += step.octets
            else:
                end = self._find(step)
                if end < 0:
                    return self._judge_patience()
                del self._unread[:end]
            self._at += 1
            self._tried = 0
        return Verdict(Reason.OK, f"all {len(self._steps)} steps of the script passed")

    def _find(self, step: Step) -> int:
        """Return where in the unread the first match ends, -1 where there is none."""
        unread = self._unread
        if isinstance(step, Expect):
            begin = unread.find(step.octets, max(self._tried - len(step.octets) + 1, 0), self._limit)
            self._tried = len(unread)
            return begin + len(step.octets) if begin >= 0 else -1
        assert isinstance(step, ExpectRegex)
        self._searched += min(len(unread), self._limit)
        match = step.pattern.search(unread, 0, self._limit) if unread else None
        return match.end() if match else -1

    def _judge_patience(self) -> Verdict | None:
        if len(self._unread) >= self._limit:
            sentence = f"{self._limit} octets did not contain {self._position()}{self._after()}"
        elif self._searched > _SEARCHED_OCTETS + _LIMITS_SEARCHED * self._limit:
            sentence = f"the answer came in too many small pieces for {self._position()}{self._after()}"
        else:
            return None
        return Verdict(Reason.RESPONSE, sentence)

    def _judge_readiness(self) -> Verdict | None:
        """Before TLS the server has nothing to say: what it says there could be anybody's (CVE-2011-0411)."""
        if not self._unread:
            return None
        return Verdict(Reason.PROTOCOL, f"before TLS the server said more than was expected: {shown(self._unread)}")

    def _position(self) -> str:
        if self._at >= len(self._steps):
            return "the end"
        return f"what step {self._at + 1} wants ({self._steps[self._at].text})"

    def _after(self) -> str:
        return f" after {shown(self._unread)}" if self._unread else ""


PARAMETERS = (
    Parameter("script", "FILE", "steps, one a line: send, expect, expect-regex, tls"),
    Parameter("step", "STEP", r"""one step, such as 'send "PING\r\n"'; instead of a script""", many=True),
    Parameter(
        "limit",
        "OCTETS",
        f"how much may come before what is expected (default: {LIMIT_DEFAULT})",
        whole_number(1, LIMIT_MOST),
        default=LIMIT_DEFAULT,
    ),
    REGEX_DIALECT,
)


def _read_script(path: str) -> str:
    """Return the text of a script; UsageError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            octets = file.read(_SCRIPT_OCTETS + 1) or b""
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(f"cannot read the script {path!r}: {reason}") from error
    if len(octets) > _SCRIPT_OCTETS:
        raise UsageError(f"the script {path!r} is longer than {_SCRIPT_OCTETS} octets")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise UsageError(f"the script {path!r} is not UTF-8") from None


def _steps(values: Values) -> list[Step]:
    path, texts = values.text("script"), values.texts("step")
    pattern_of = partial(read_pattern, values)
    if path is not None and texts:
        raise UsageError("a script and single steps: give one or the other")
    if path is not None:
        return parse_script(_read_script(path), path, pattern_of)
    if texts:
        return parse_steps(texts, pattern_of)
    raise UsageError("stream needs a script, or steps one by one")


def _limit(values: Values, steps: Sequence[Step]) -> int:
    limit = values.number("limit") or LIMIT_DEFAULT
    longest = max((len(step.octets) for step in steps if isinstance(step, Expect)), default=0)
    if longest > limit:
        raise UsageError(f"what is expected has {longest} octets, and the limit is {limit}")
    return limit


def _prepare(values: Values) -> MakeStep:
    steps = _steps(values)
    if not any(isinstance(step, ExpectRegex) for step in steps):
        demand_no_dialect(values)
    make = partial(StreamConversation, steps, _limit(values, steps))
    if not any(isinstance(step, StartTls) for step in steps):
        return clear_or_secured(make, values)
    if values.flag(TLS.name):
        raise UsageError("the stream is secured from the first octet already: the step tls comes too late")
    return secured_on_request(make, values)


KINDS = (Kind("stream", "a script of send, expect and tls passes", (*PARAMETERS, *STREAM_PARAMETERS), _prepare),)
