# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `dns`: a name server answers a question, over UDP or TCP (RFC 1035 4.2).

By default as keepalived's DNS_CHECK: the SOA of the root. With --receive as ldirectord's check_dns: ask for an
address (type A), or for the name of one (type PTR), and one of the answers must match; an answer without a match is a
failure there as here. Names are asked as they are given: no search list is tried.
"""

from __future__ import annotations

import os

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.reversename

from lvs_rawcheck.checks.base import FIRST_OCTET, Conversation, Exchange, Reason, Verdict
from lvs_rawcheck.checks.dns_question import Expectation, Question, describe_message
from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.parameters import Parameter, one_of
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.parameters import Values

TCP, UDP = "tcp", "udp"
_LENGTH_OCTETS = 2  # before each message on a stream, RFC 1035 4.2.2
_TRANSFERS = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)


class DnsExchange(Exchange):
    """One question in a datagram."""

    __slots__ = ("_question",)

    kind = "dns"
    interval = 0.5

    def __init__(self, question: Question) -> None:
        self._question = question

    def datagram_to_send(self) -> bytes:
        """Return the question."""
        return self._question.wire

    def datagram_received(self, octets: bytes) -> Verdict | None:
        """Return what an answer means."""
        return self._question.judge(octets)

    def facts(self) -> dict[str, object]:
        """Return what the answer's header said."""
        return {"dns": self._question.header} if self._question.header else {}

    def describe(self, octets: bytes) -> list[str]:
        """Return the message in the words of dig."""
        return describe_message(octets)


class DnsConversation(Conversation):
    """One question on a stream."""

    __slots__ = ("_heard", "_question", "_received", "_unsent")

    kind = "dns"

    def __init__(self, question: Question) -> None:
        self._question = question
        self._received = bytearray()
        self._heard = False
        self._unsent = b""

    def connected(self) -> Verdict | None:
        """Ask."""
        wire = self._question.wire
        self._unsent = len(wire).to_bytes(_LENGTH_OCTETS, "big") + wire
        return None

    def octets_to_send(self) -> bytes:
        """Return the question, once."""
        unsent, self._unsent = self._unsent, b""
        return unsent

    def data_received(self, octets: bytes) -> Verdict | None:
        """Return what the first message means that answers the question; at most one is held, 64 KiB."""
        self._heard = True
        self._received += octets
        while len(self._received) >= _LENGTH_OCTETS:
            end = _LENGTH_OCTETS + int.from_bytes(self._received[:_LENGTH_OCTETS], "big")
            if len(self._received) < end:
                return None
            message = bytes(self._received[_LENGTH_OCTETS:end])
            del self._received[:end]
            verdict = self._question.judge(message)
            if verdict is not None:
                return verdict
        return None

    def peer_closed(self) -> Verdict | None:
        """Return that there was no answer."""
        return Verdict(Reason.CLOSED, f"closed before the answer to {self._question}")

    def awaiting(self) -> str:
        """Return that it is the answer."""
        return f"the answer to {self._question}"

    def phases_reached(self) -> Sequence[str]:
        """Return `first_octet` once there was one."""
        return FIRST_OCTET if self._heard else ()

    def facts(self) -> dict[str, object]:
        """Return what the answer's header said."""
        return {"dns": self._question.header} if self._question.header else {}

    def describe(self, octets: bytes) -> list[str]:
        """Return the message in the words of dig, where the octets are a whole one."""
        return describe_message(octets[_LENGTH_OCTETS:])


# The kind ----------------------------------------------------------------------------------------------

_PARAMETERS = (
    Parameter("name", "NAME", "the name to ask for (default: the root); with type PTR also an address", default="."),
    Parameter("type", "TYPE", "the type to ask for (default SOA)", default="SOA"),
    Parameter("protocol", "udp|tcp", "what carries the question (default udp)", one_of(UDP, TCP), UDP),
    Parameter("expect", "DATA", "a record of that type must have this data; repeatable, all must be there", many=True),
    Parameter("receive", "PATTERN", "Perl's pattern that an address (A) or name (PTR) of the answers must match"),
)


def _prepare(values: Values) -> Step:
    record_type = _record_type(values.text("type") or "")
    name = _name(values.text("name") or "", record_type)
    records = [_record(record_type, text) for text in values.texts("expect")]
    receive = _receive(values.text("receive"))
    expected = Expectation(records, receive)
    over_tcp = values.text("protocol") == TCP

    def make() -> Conversation | Exchange:
        question = Question(name, record_type, int.from_bytes(os.urandom(2), "big"), expected)
        return DnsConversation(question) if over_tcp else DnsExchange(question)

    return make


def _record_type(text: str) -> dns.rdatatype.RdataType:
    try:
        record_type = dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError):
        raise UsageError(f"no such type of record: {text!r}") from None
    if record_type in _TRANSFERS:
        raise UsageError(f"{text} is a transfer of a zone: no question with one answer")
    return record_type


def _name(text: str, record_type: dns.rdatatype.RdataType) -> dns.name.Name:
    if not text:
        raise UsageError("not a domain name: ''; the root is '.'")
    try:
        if record_type == dns.rdatatype.PTR and _is_address(text):
            return dns.reversename.from_address(text)
        return dns.name.from_text(text)
    except (dns.exception.DNSException, UnicodeError, ValueError) as error:
        raise UsageError(f"not a domain name: {text!r}: {error}") from None


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except UsageError:
        return False
    return True


def _record(record_type: dns.rdatatype.RdataType, text: str) -> dns.rdata.Rdata:
    try:
        return dns.rdata.from_text(dns.rdataclass.IN, record_type, text, dns.name.root, relativize=False)
    except Exception as error:  # the library names dozens, and an operator's text is no fault of ours
        kind = dns.rdatatype.to_text(record_type)
        raise UsageError(f"not the data of a record of type {kind}: {text!r}: {error}") from None


def _receive(text: str | None) -> re.Pattern[bytes] | None:
    if text is None:
        return None
    from lvs_rawcheck.checks.patterns import from_perl  # only for those who have one

    return from_perl(text)


KINDS = (Kind("dns", "a name server answers a question", _PARAMETERS, _prepare),)
