# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client says to PostgreSQL: TLS if wanted, a login, a query, goodbye."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict, shown
from lvs_rawcheck.checks.messages import MessageConversation
from lvs_rawcheck.checks.pgsql import messages
from lvs_rawcheck.checks.pgsql.login import Login, method_name, new_nonce
from lvs_rawcheck.checks.sql import RESULT_OCTETS_MOST, Refusal, judge_long_result, judge_rows
from lvs_rawcheck.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.sql import Wishes

_TLS, _NO_TLS = b"S", b"N"
_TLS_ANSWERS = {_TLS: "answer to the request for TLS: yes", _NO_TLS: "answer to the request for TLS: no"}
_ASIDES = (b"N", b"A", b"S", b"K", b"v")
"""Messages that answer nothing, and may come at any time or while a session begins."""
_COPY = (b"G", b"H", b"W")


class PgsqlConversation(MessageConversation):
    """Passes where the login succeeds and the query brings a row. make_nonce: see Login."""

    __slots__ = (
        "_asked_for_tls",
        "_brings_rows",
        "_login",
        "_octets",
        "_rows",
        "_secure",
        "_verdict",
        "_version",
        "_wishes",
    )

    kind = "pgsql"

    def __init__(self, wishes: Wishes, make_nonce: Callable[[], bytes] = new_nonce) -> None:
        super().__init__(messages.measure, wishes.password)
        self._wishes = wishes
        self._login = Login(wishes.login, wishes.password, make_nonce)
        self._asked_for_tls = False
        self._secure = False
        self._version = b""
        self._brings_rows = False
        """Whether the server described rows: then those are counted that come, not what was changed."""
        self._rows = 0
        self._octets = 0
        """Of the result so far."""
        self._verdict: Verdict | None = None
        """On a query that failed, before the server is ready for the next."""

    def connected(self) -> Verdict | None:
        """Ask for TLS, or begin the session."""
        if not self._wishes.tls:
            return self._start()
        self._asked_for_tls = True
        self._send(messages.SSL_REQUEST, "request for TLS")
        self._awaited = "the answer to the request for TLS"
        return None

    def data_received(self, octets: bytes) -> Verdict | None:
        """Judge one octet, the answer to the request for TLS, or messages."""
        if not self._asked_for_tls or not octets:
            return super().data_received(octets)
        self._heard = True
        self._asked_for_tls = False
        return self._judge_tls_answer(octets)

    def peer_closed(self) -> Verdict | None:
        """Return what stands: an error may be the last that a server says."""
        return self._verdict or super().peer_closed()

    @property
    def ready_for_tls(self) -> bool:
        """Return whether the server has agreed to TLS."""
        return self._secure

    def secured(self) -> Verdict | None:
        """Begin the session."""
        return self._start()

    def facts(self) -> dict[str, object]:
        """Return the version that the server says it has."""
        return {"server_version": self._version.decode("utf-8", "replace")[:80]} if self._version else {}

    def describe(self, octets: bytes) -> list[str]:
        """Return a line for each message; the answer to the request for TLS is none."""
        answer = _TLS_ANSWERS.get(octets)
        return [answer] if answer is not None else super().describe(octets)

    def _judge_tls_answer(self, octets: bytes) -> Verdict | None:
        if octets == _TLS:
            self._secure = True
            return None
        if octets == _NO_TLS and not self._wishes.tls_required:
            return self._start()
        if octets == _NO_TLS:
            return Verdict(Reason.TLS, "the server has no TLS")
        if octets[:1] == b"E":
            self._wait_for("the answer to the request for TLS", self._judge_login)
            return super().data_received(octets)
        return Verdict(Reason.PROTOCOL, f"instead of the answer to the request for TLS: {shown(octets)}")

    def _start(self) -> Verdict | None:
        self._send(
            messages.startup(self._wishes.login, self._wishes.database),
            f"startup (user {self._wishes.login!r}, database {self._wishes.database or self._wishes.login!r})",
        )
        self._wait_for("the answer to the login", self._judge_login)
        return None

    def _judge_login(self, octets: bytes) -> Verdict | None:
        letter, content = octets[:1], octets[messages.HEADER_OCTETS :]
        if letter == b"E":
            return Verdict(Reason.RESPONSE, f"the login was refused: {messages.error_sentence(content)}")
        if letter == b"R" and not self._login.done:
            return self._answer_login(content)
        if letter == b"Z" and self._login.done:
            self._send(messages.query(self._wishes.query), f"query ({self._wishes.query!r})")
            self._wait_for("the result of the query", self._judge_result)
            return None
        if letter == b"S":
            self._note_parameter(content)
        _demand_aside(letter)
        return None

    def _answer_login(self, content: bytes) -> Verdict | None:
        try:
            answer = self._login.answer(content)
        except Refusal as refusal:
            return Verdict(Reason.RESPONSE, str(refusal))
        if answer is not None:
            self._send(*answer)
        return None

    def _note_parameter(self, content: bytes) -> None:
        name, value = messages.parameter_status(content)
        if name == b"server_version":
            self._version = value

    def _judge_result(self, octets: bytes) -> Verdict | None:
        letter, content = octets[:1], octets[messages.HEADER_OCTETS :]
        self._octets += len(octets)
        if letter == b"T":
            self._brings_rows = True
        elif letter == b"D":
            self._rows += 1
        if self._octets > RESULT_OCTETS_MOST:
            return judge_long_result(self._rows)
        if letter == b"E":
            self._verdict = Verdict(Reason.RESPONSE, f"the query failed: {messages.error_sentence(content)}")
        elif (
            letter == b"C" and not self._brings_rows
        ):  # the tag of SHOW and EXPLAIN counts no rows, though they bring them
            self._rows = messages.rows_of(content)
        elif letter in _COPY:
            return Verdict(Reason.RESPONSE, "the query copies data, which brings no row")
        elif letter == b"Z":
            self._leave(self._verdict or judge_rows(self._rows), messages.TERMINATE, "terminate")
        elif letter not in b"TDIC":
            _demand_aside(letter)
        return None

    def _judge_too_long(self) -> Verdict | None:
        """Let the rows count that came before a row of more than we hold."""
        return judge_long_result(self._rows) if self._answer == self._judge_result else None

    def _words_of(self, message: bytes) -> str:
        letter, content = message[:1], message[messages.HEADER_OCTETS :]
        name = messages.name_of(letter)
        if letter in (b"E", b"N"):
            return f"{name} ({messages.error_sentence(content)})"
        if letter == b"S":
            return f"{name} ({' = '.join(map(shown, messages.parameter_status(content)))})"
        if letter == b"R":
            return f"{name} ({method_name(content)})"
        return f"{name} ({shown(content.rstrip(bytes(1)))})" if letter == b"C" else name


def _demand_aside(letter: bytes) -> None:
    if letter not in _ASIDES:
        raise RemoteProtocolError(f"a message {messages.name_of(letter)!r}")
