# SPDX-License-Identifier: GPL-2.0-or-later
r"""The kind `simpletcp`: say something, and look for a line that matches, as ldirectord's check_simpletcp.

The request is sent as it stands, except that `\n` becomes a line feed; in ldirectord.cf the `/` in front of it is not
sent. Then line after line is searched on its own (ended by LF, or by the end of the stream), until one matches
`receive`, a pattern of Perl's. Without `receive` the first line will do.

Having sent its request, check_simpletcp closes its half of the connection, and so do we: a server may answer only once
it has read to the end. TLS has no such half, and inside it the stream stays open.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict, shown
from lvs_rawcheck.checks.line_conversation import LineConversation
from lvs_rawcheck.checks.parameters import Parameter, Values
from lvs_rawcheck.checks.stream_kinds import stream_kind
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LINE_OCTETS = 65536
"""What one line may have: each is searched as a whole."""


class Wanted:
    """A pattern of Perl's: as it was written, and compiled."""

    __slots__ = ("compiled", "text")

    def __init__(self, text: str) -> None:
        from lvs_rawcheck.checks.patterns import from_perl  # only for those who have one

        self.text = text
        self.compiled = from_perl(text)


class SimpleTcpConversation(LineConversation):
    """One request, and lines until one matches."""

    __slots__ = ("_count", "_last_line", "_receive")

    kind = "simpletcp"

    def __init__(self, request: bytes, receive: Wanted | None) -> None:
        super().__init__(request)
        self._receive = receive
        self._count = 0
        """How many lines came that do not match."""
        self._last_line = b""

    @property
    def has_said_all(self) -> bool:
        """Return whether the request is on its way."""
        return not self._to_send

    def peer_closed(self) -> Verdict | None:
        """Search what has come of the last line; then there will be no match."""
        rest = self._lines.begun(LINE_OCTETS)
        if rest:
            verdict = self._take_line(rest)
            if verdict is not None:
                return verdict
        if self._receive is None or not self._count:
            return Verdict(Reason.CLOSED, f"closed before {self.awaiting()}")
        count = f"none of {self._count} lines matches" if self._count > 1 else "the only line does not match"
        return Verdict(Reason.REGEX, f"{count} {self._receive.text!r}; the last was {_shown(self._last_line)}")

    def awaiting(self) -> str:
        """Return what is looked for."""
        return "a line" if self._receive is None else f"a line that matches {self._receive.text!r}"

    def _next_line(self) -> bytes | None:
        """Return a line as it came: the pattern may speak of its end."""
        return self._lines.next_ended_line()

    def _take_line(self, line: bytes) -> Verdict | None:
        if len(line) > LINE_OCTETS:
            return self._judge_endless()
        if self._receive is None or self._receive.compiled.search(line):
            return Verdict(Reason.OK, f"received {_shown(line)}")
        self._count += 1
        self._last_line = line
        return None

    def _judge_begun_line(self) -> Verdict | None:
        return self._judge_endless() if self._lines.held_octets > LINE_OCTETS else None

    def _judge_endless(self) -> Verdict:
        return Verdict(Reason.RESPONSE, f"line {self._count + 1} has more than {LINE_OCTETS} octets")


def _shown(line: bytes) -> str:
    return shown(line.rstrip(b"\r\n"))


_PARAMETERS = (
    Parameter("request", "TEXT", r"what to send, \n for a line feed; without, nothing is sent"),
    Parameter("receive", "PATTERN", "Perl's pattern that one line of the answer must match; without, any line will do"),
)


def _prepare(values: Values) -> Callable[[], SimpleTcpConversation]:
    request = (values.text("request") or "").replace(r"\n", "\n")
    receive = values.text("receive")
    try:
        octets = request.encode("utf-8", "surrogateescape")  # octets of an argument that are not UTF-8 as they were
    except UnicodeEncodeError:
        raise UsageError("the request holds half a character (a surrogate)") from None
    pattern = None if receive is None else Wanted(receive)
    return lambda: SimpleTcpConversation(octets, pattern)


KINDS = (stream_kind("simpletcp", "a request is answered with a line that matches", _PARAMETERS, _prepare),)
