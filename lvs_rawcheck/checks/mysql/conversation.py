# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client says to MySQL or MariaDB, once it was greeted: TLS if wanted, a login, a query, goodbye."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict, shown
from lvs_rawcheck.checks.messages import MessageConversation
from lvs_rawcheck.checks.mysql import packets
from lvs_rawcheck.checks.mysql.login import Login
from lvs_rawcheck.checks.mysql.packets import HEADER_OCTETS, Greeting
from lvs_rawcheck.checks.sql import RESULT_OCTETS_MOST, Refusal, judge_long_result, judge_rows
from lvs_rawcheck.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.sql import Wishes

_TURNS_MOST = 8
"""How often a server may ask for more before it accepts a login; the longest one has three."""


class MysqlConversation(MessageConversation):
    """Passes where the login succeeds and the query brings a row."""

    __slots__ = ("_greeting", "_login", "_number", "_octets", "_rows", "_secure", "_turns", "_wishes")

    kind = "mysql"

    def __init__(self, wishes: Wishes) -> None:
        super().__init__(packets.measure, wishes.password)
        self._wishes = wishes
        self._greeting: Greeting | None = None
        self._login: Login | None = None
        self._number = 0
        """Of the last packet that the server sent."""
        self._secure = False
        self._turns = 0
        self._rows = 0
        self._octets = 0
        """Of the result so far."""

    def connected(self) -> Verdict | None:
        """Wait to be greeted."""
        self._wait_for("the greeting", self._judge_greeting)
        return None

    @property
    def ready_for_tls(self) -> bool:
        """Return whether we have asked for TLS, which the server offered."""
        return self._secure

    def secured(self) -> Verdict | None:
        """Log in, now that nobody can listen."""
        assert self._greeting is not None
        self._number += 1  # the SSLRequest was one of the turn
        self._log_in(self._greeting)
        return None

    def facts(self) -> dict[str, object]:
        """Return the version that the server says it has."""
        if self._greeting is None:
            return {}
        return {"server_version": self._greeting.version.decode("utf-8", "replace")[:80]}

    def _judge_rest(self) -> Verdict | None:
        if self._secure and not self._framer.empty and self._login is None:
            return Verdict(Reason.PROTOCOL, "the server went on in the clear after its greeting")
        return None

    # The login -----------------------------------------------------------------------------------------

    def _judge_greeting(self, octets: bytes) -> Verdict | None:
        content = self._content(octets)
        if content[:1] == bytes((packets.ERROR,)):
            return Verdict(Reason.RESPONSE, f"the server refuses us: {packets.error_sentence(content)}")
        self._greeting = Greeting(content)
        if not self._wishes.tls:
            self._log_in(self._greeting)
        elif self._greeting.capabilities & packets.SSL:
            self._secure = True
            self._send(packets.packet(self._number + 1, packets.tls_request(self._capabilities())), "request for TLS")
            self._wait_for("the end of the TLS handshake", self._judge_unexpected)
        elif self._wishes.tls_required:
            return Verdict(Reason.TLS, "the server has no TLS")
        else:
            self._log_in(self._greeting)
        return None

    def _capabilities(self) -> int:
        database = packets.CONNECT_WITH_DB if self._wishes.database else 0
        return packets.OURS | database | (packets.SSL if self._secure else 0)

    def _log_in(self, greeting: Greeting) -> None:
        wishes = self._wishes
        self._login = Login(wishes, greeting.plugin, greeting.nonce, self._secure)
        content = packets.login(
            self._capabilities(), wishes.login, self._login.proof(), wishes.database, self._login.plugin
        )
        database = f", database {wishes.database!r}" if wishes.database else ""
        self._answer_turn(content, f"login (user {wishes.login!r}{database}, {self._login.plugin})")
        self._wait_for("the answer to the login", self._judge_login)

    def _judge_login(self, octets: bytes) -> Verdict | None:
        content = self._content(octets)
        self._turns += 1
        if self._turns > _TURNS_MOST:
            raise RemoteProtocolError("no end of the login")
        try:
            return self._judge_turn(content[0], content)
        except Refusal as refusal:
            return Verdict(Reason.RESPONSE, str(refusal))

    def _judge_turn(self, first: int, content: bytes) -> Verdict | None:
        assert self._login is not None
        if first == packets.OK:
            self._send(packets.query(self._wishes.query), f"query ({self._wishes.query!r})")
            self._wait_for("the result of the query", self._judge_result)
        elif first == packets.ERROR:
            return Verdict(Reason.RESPONSE, f"the login was refused: {packets.error_sentence(content)}")
        elif first == packets.END:
            answer = self._login.switch(content)
            self._answer_turn(answer, f"another login ({self._login.plugin})")
        elif first == packets.MORE_DATA:
            more = self._login.go_on(content[1:])
            if more is not None:
                self._answer_turn(more, "login, continued")
        else:
            raise RemoteProtocolError(f"a packet that begins with {first:#04x}")
        return None

    # The query -----------------------------------------------------------------------------------------

    def _judge_result(self, octets: bytes) -> Verdict | None:
        content = self._content(octets)
        first = content[0]
        if first == packets.ERROR:
            return self._judge_failed_query(content)
        if first == packets.OK:
            return self._judge_count(packets.number(content, 1))
        if first == packets.LOCAL_FILE:
            return Verdict(Reason.RESPONSE, "the query loads a file of ours, which brings no row")
        packets.number(content)  # of columns; their descriptions follow
        self._wait_for("the columns of the result", self._judge_column)
        return None

    def _judge_column(self, octets: bytes) -> Verdict | None:
        content = self._content(octets)
        if content[0] == packets.ERROR:
            return self._judge_failed_query(content)
        if packets.is_end(content):
            self._wait_for("the end of the result", self._judge_row)
        return self._judge_length(octets)

    def _judge_row(self, octets: bytes) -> Verdict | None:
        content = self._content(octets)
        if content[0] == packets.ERROR:
            return self._judge_failed_query(content)
        if packets.is_end(content):
            return self._judge_count(self._rows)
        self._rows += 1
        return self._judge_length(octets)

    def _judge_length(self, octets: bytes) -> Verdict | None:
        self._octets += len(octets)
        return judge_long_result(self._rows) if self._octets > RESULT_OCTETS_MOST else None

    def _judge_too_long(self) -> Verdict | None:
        """Let the rows count that came before a row of more than we hold."""
        return judge_long_result(self._rows) if self._answer == self._judge_row else None

    def _judge_count(self, rows: int) -> Verdict | None:
        self._leave(judge_rows(rows), packets.goodbye(), "quit")
        return None

    def _judge_failed_query(self, content: bytes) -> Verdict | None:
        verdict = Verdict(Reason.RESPONSE, f"the query failed: {packets.error_sentence(content)}")
        self._leave(verdict, packets.goodbye(), "quit")
        return None

    # Packets -------------------------------------------------------------------------------------------

    def _content(self, octets: bytes) -> bytes:
        """Return the content of a packet of the server's, one octet at least."""
        self._number = octets[HEADER_OCTETS - 1]
        if len(octets) == HEADER_OCTETS:
            raise RemoteProtocolError("an empty packet")
        return octets[HEADER_OCTETS:]

    def _answer_turn(self, content: bytes, words: str) -> None:
        self._send(packets.packet(self._number + 1, content), words)

    def _words_of(self, message: bytes) -> str:
        number, content = message[HEADER_OCTETS - 1], message[HEADER_OCTETS:]
        first = content[0] if content else packets.OK
        if first == packets.ERROR:
            return f"error ({packets.error_sentence(content)})"
        if number == 0:
            return f"greeting (version {shown(Greeting(content).version)})"
        if packets.is_end(content):
            return "end of columns or rows"
        if first == packets.END:
            return f"wish for another login ({packets.plugin_name(content[1:])})"
        if content.startswith(packets.COLUMN):
            return "column"
        return f"packet {number} ({shown(content)})"
