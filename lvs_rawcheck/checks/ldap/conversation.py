# SPDX-License-Identifier: GPL-2.0-or-later
"""What ldirectord's check_ldap says to a directory: bind, search one base object, look at its name, unbind."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict, shown
from lvs_rawcheck.checks.ldap import messages
from lvs_rawcheck.checks.ldap.messages import LdapResult, Message
from lvs_rawcheck.checks.messages import MessageConversation
from lvs_rawcheck.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern

_BIND, _SEARCH, _UNBIND = 1, 2, 3
_WITHOUT_ENTRY = (messages.SEARCH_REFERENCE, messages.INTERMEDIATE_RESPONSE)


class LdapConversation(MessageConversation):
    """Passes where the bind succeeds, and the search brings exactly one entry, whose name `receive` is found in.

    kind: `ldap` or `ldaps`. dn, password: both empty for an anonymous bind. base: "" for the root DSE.
    """

    __slots__ = ("_base", "_dn", "_name", "_password", "_receive", "kind")

    def __init__(self, kind: str, dn: str, password: str, base: str, receive: Pattern[bytes] | None) -> None:
        super().__init__(messages.measure, password)
        self.kind = kind
        self._dn = dn
        self._password = password
        self._base = base
        self._receive = receive
        self._name: bytes | None = None
        """Of the entry that was found, None before."""

    def connected(self) -> Verdict | None:
        """Bind."""
        who = f"simple, {self._dn}" if self._dn else "anonymous"
        self._send(messages.bind_request(_BIND, self._dn, self._password), f"bind request ({who})")
        self._wait_for("the answer to the bind", self._judge_bind)
        return None

    def _judge_bind(self, octets: bytes) -> Verdict | None:
        message = Message(octets)
        if message.is_notice:
            return _disconnected(message)
        _demand_answer(message, _BIND)
        if message.operation != messages.BIND_RESPONSE:
            raise RemoteProtocolError(f"a {message.name}")
        result = LdapResult(message.content)
        if result.code != messages.SUCCESS:
            return _refused("the bind", result)
        self._send(messages.search_request(_SEARCH, self._base), f"search request (base {self._base!r})")
        self._wait_for("the result of the search", self._judge_search)
        return None

    def _judge_search(self, octets: bytes) -> Verdict | None:
        message = Message(octets)
        if message.is_notice:
            return _disconnected(message)
        _demand_answer(message, _SEARCH)
        if message.operation == messages.SEARCH_ENTRY:
            return self._judge_entry(message)
        if message.operation in _WITHOUT_ENTRY:
            return None
        if message.operation != messages.SEARCH_DONE:
            raise RemoteProtocolError(f"a {message.name}")
        self._leave(self._judge_found(LdapResult(message.content)), messages.unbind_request(_UNBIND), "unbind request")
        return None

    def _judge_entry(self, message: Message) -> Verdict | None:
        if self._name is not None:
            return Verdict(Reason.RESPONSE, "the search of one base object brought more than one entry")
        self._name = messages.entry_name(message.content)
        return None

    def _judge_found(self, result: LdapResult) -> Verdict:
        if result.code != messages.SUCCESS:
            return _refused("the search", result)
        if self._name is None:
            return Verdict(Reason.RESPONSE, f"the search succeeded, but brought no entry {self._base!r}")
        if self._receive is not None and self._receive.search(self._name) is None:
            pattern = shown(self._receive.pattern)
            return Verdict(Reason.REGEX, f"the entry is {shown(self._name)}, the pattern {pattern} does not match it")
        return Verdict(Reason.OK, f"bound, and found the entry {shown(self._name)}")

    def _words_of(self, message: bytes) -> str:
        heard = Message(message)
        if heard.operation == messages.SEARCH_ENTRY:
            return f"{heard.name} ({shown(messages.entry_name(heard.content))})"
        if heard.operation in _WITHOUT_ENTRY:
            return heard.name
        result = LdapResult(heard.content)
        return f"{heard.name} ({result.name}{_said(result)})"


def _demand_answer(message: Message, message_id: int) -> None:
    if message.message_id != message_id:
        raise RemoteProtocolError(f"a {message.name} to request {message.message_id}, ours was {message_id}")


def _disconnected(message: Message) -> Verdict:
    result = LdapResult(message.content)
    return Verdict(Reason.CLOSED, f"the server ends the session: {result.name}{_said(result)}")


def _refused(what: str, result: LdapResult) -> Verdict:
    return Verdict(Reason.RESPONSE, f"{what} was refused: {result.name}{_said(result)}")


def _said(result: LdapResult) -> str:
    return f", {shown(result.diagnostic)}" if result.diagnostic else ""
