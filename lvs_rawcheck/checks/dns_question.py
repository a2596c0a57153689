# SPDX-License-Identifier: GPL-2.0-or-later
"""A question to a name server, and what an answer to it means (RFC 1035 4.1, 7.3).

It passes as keepalived's DNS_CHECK does (dns_recv_thread in check_dns.c): the same identifier, QR set, rcode 0; what
the answer says matters only where something is expected of it. One thing keepalived does not look at: the question
that comes back with the answer must be ours (RFC 5452 9.1), since 16 bits of identifier are soon used again, and a
late answer to somebody else's question says nothing about ours. A server may leave the question out.
"""

from __future__ import annotations

import re
from struct import Struct

import dns.exception
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from lvs_rawcheck.checks.base import Reason, Verdict, shown
from lvs_rawcheck.checks.narration import lines_of

_HEADER = Struct("!HHHHHH")  # identifier, flags, and how many questions, answers, authorities, additions
_QR, _AA, _TC = 0x8000, 0x0400, 0x0200
_OPCODE = 0x7800
_RCODE = 0x000F
_RCODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_ADDRESS_OR_NAME = (dns.rdatatype.A, dns.rdatatype.PTR)
_RECORDS_SHOWN = 3
_RECORDS_READ = 256
"""Answers that are looked at. A record may cost milliseconds to read, since its names may be long and compressed, and
65535 octets hold thousands: a server must not keep us busy beyond our deadline."""


class Expectation:
    """What is expected of the answers: that all of `records` are among them, and that one matches `receive`.

    receive: searched for in addresses (A) and names (PTR) only, as ldirectord's check_dns does.
    """

    __slots__ = ("receive", "records")

    def __init__(self, records: list[dns.rdata.Rdata], receive: re.Pattern[bytes] | None) -> None:
        self.records = records
        self.receive = receive

    @property
    def none(self) -> bool:
        """Return whether any answer will do."""
        return not self.records and self.receive is None

    def missing(self, answers: list[dns.rdata.Rdata]) -> str:
        """Return what is missing among the answers, "" for nothing."""
        for record in self.records:
            if record not in answers:
                return str(record)
        if self.receive is None or any(self._matches(answer) for answer in answers):
            return ""
        return f"an address or name that matches {self.receive.pattern.decode('ascii', 'backslashreplace')}"

    def _matches(self, answer: dns.rdata.Rdata) -> bool:
        if self.receive is None or answer.rdtype not in _ADDRESS_OR_NAME:
            return False
        text = text_of(answer).removesuffix(".")
        return self.receive.search(text.encode()) is not None


class Question:
    """One question, with its identifier, 0..65535."""

    __slots__ = ("_expected", "_identifier", "_name", "_type", "header", "wire")

    def __init__(
        self, name: dns.name.Name, record_type: dns.rdatatype.RdataType, identifier: int, expected: Expectation
    ) -> None:
        self._name = name
        self._type = record_type
        self._identifier = identifier
        self._expected = expected
        self.wire = dns.message.make_query(name, record_type, id=identifier).to_wire()
        """The message to be sent: recursion desired, as keepalived sends it."""
        self.header: dict[str, object] = {}
        """What the header of the last answer said, for JSON."""

    def judge(self, octets: bytes) -> Verdict | None:
        """Return what a message means, None if it is no answer to this question."""
        if len(octets) < _HEADER.size:
            return None
        identifier, flags, questions, answers, _, _ = _HEADER.unpack_from(octets)
        if identifier != self._identifier or not flags & _QR or questions > 1:
            return None
        if flags & _OPCODE:
            return Verdict(Reason.PROTOCOL, f"not an answer to a query: {shown(octets)}")
        if questions and not (questions == 1 and self._is_ours(octets)):
            return None
        rcode = _RCODES.get(flags & _RCODE, str(flags & _RCODE))
        self.header = {"rcode": "NOERROR" if rcode == "0" else rcode, "answers": answers}
        if rcode != "0":
            return Verdict(Reason.RESPONSE, f"{self}: {rcode}")
        if self._expected.none:
            return Verdict(Reason.OK, f"{self}: {answers} records")
        return self._judge_answers(octets, bool(flags & _TC))

    def __str__(self) -> str:
        return f"{self._name} {dns.rdatatype.to_text(self._type)}"

    def _is_ours(self, octets: bytes) -> bool:
        """Return whether the question that comes back is this one; names know no case (RFC 1035 2.3.3)."""
        message = read_message(octets, question_only=True)
        if message is None or len(message.question) != 1:
            return False
        asked = message.question[0]
        return asked.name == self._name and (asked.rdtype, asked.rdclass) == (self._type, dns.rdataclass.IN)

    def _judge_answers(self, octets: bytes, truncated: bool) -> Verdict:
        message = read_message(_answers_alone(octets))
        if message is None:
            return Verdict(Reason.PROTOCOL, f"{self}: the answer cannot be read")
        answers = [record for records in message.answer for record in records]
        missing = self._expected.missing(answers)
        if not missing:
            return Verdict(Reason.OK, f"{self}: {len(answers)} records, as expected")
        if truncated:
            return Verdict(Reason.RESPONSE, f"{self}: the answer was cut short (TC): ask over TCP (protocol = tcp)")
        found = "; ".join(text_of(record) for record in answers[:_RECORDS_SHOWN]) or "no records"
        return Verdict(Reason.RESPONSE, f"{self}: expected {missing}, got {shown(found.encode())}")


def _answers_alone(octets: bytes) -> bytes:
    """Return a message that ends after its answers, by its own account: the first _RECORDS_READ of them."""
    identifier, flags, questions, answers, _, _ = _HEADER.unpack_from(octets)
    return _HEADER.pack(identifier, flags, questions, min(answers, _RECORDS_READ), 0, 0) + octets[_HEADER.size :]


def read_message(octets: bytes, question_only: bool = False) -> dns.message.Message | None:
    """Return a message, or the part of it before the answers; None for octets that are none."""
    try:
        return dns.message.from_wire(octets, question_only=question_only, ignore_trailing=True)
    except Exception:  # whatever the library raises over what a stranger wrote, it is no DNS message
        return None


def text_of(record: dns.rdata.Rdata) -> str:
    """Return the data of a record as text; by its type alone where the library cannot write what it has read."""
    try:
        return str(record)
    except Exception:
        return f"a record of type {dns.rdatatype.to_text(record.rdtype)}"


def describe_message(octets: bytes) -> list[str]:
    """Return a message in the words of dig."""
    message = read_message(octets)
    try:
        return lines_of(octets) if message is None else message.to_text().splitlines()
    except Exception:  # as above: what was read need not be writable
        return lines_of(octets)
