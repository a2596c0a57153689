# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind dns: what is asked, which answers pass, and what hostile ones bring about."""

from __future__ import annotations

import time
from collections.abc import Callable

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.checks.dns import DnsConversation, DnsExchange
from lvs_rawcheck.errors import UsageError
from tests.checks.datagram.site import step_of


def exchange(**values: object) -> DnsExchange:
    made = step_of("dns", **values)()
    assert isinstance(made, DnsExchange)
    return made


def conversation(**values: object) -> DnsConversation:
    made = step_of("dns", protocol="tcp", **values)()
    assert isinstance(made, DnsConversation)
    return made


def question_of(asking: DnsExchange) -> dns.message.Message:
    return dns.message.from_wire(asking.datagram_to_send())


def answer_to(asking: DnsExchange, *records: str, rcode: str = "NOERROR") -> dns.message.Message:
    """Return an answer with records such as `www.example. 60 IN A 192.0.2.1`."""
    answer = dns.message.make_response(question_of(asking))
    answer.set_rcode(dns.rcode.from_text(rcode))
    for record in records:
        name, ttl, rdclass, rdtype, data = record.split(" ", 4)
        answer.answer.append(dns.rrset.from_text(name, int(ttl), rdclass, rdtype, data))
    return answer


def told(asking: DnsExchange, answer: dns.message.Message | bytes) -> tuple[str, str] | None:
    verdict = asking.datagram_received(answer if isinstance(answer, bytes) else answer.to_wire())
    return None if verdict is None else (verdict.reason, verdict.detail)


# What is asked -----------------------------------------------------------------------------------------


def test_by_default_the_soa_of_the_root_as_keepalived_asks() -> None:
    asked = question_of(exchange())
    assert str(asked.question[0]) == ". IN SOA"
    assert asked.flags == dns.flags.RD
    assert asked.opcode() == dns.opcode.QUERY
    assert exchange().datagram_to_send()[2:] == exchange().datagram_to_send()[2:]
    assert len({exchange().datagram_to_send()[:2] for _ in range(20)}) > 10, "the identifier is random"


def test_the_same_datagram_each_time() -> None:
    asking = exchange(name="example")
    assert asking.datagram_to_send() == asking.datagram_to_send()


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ({"name": "www.example", "type": "AAAA"}, "www.example. IN AAAA"),
        ({"name": "192.0.2.80", "type": "PTR"}, "80.2.0.192.in-addr.arpa. IN PTR"),
        ({"name": "2001:db8::1", "type": "ptr"}, f"1.{'0.' * 23}8.b.d.0.1.0.0.2.ip6.arpa. IN PTR"),
        ({"name": "80.2.0.192.in-addr.arpa", "type": "PTR"}, "80.2.0.192.in-addr.arpa. IN PTR"),
        ({"name": "example", "type": "TYPE65280"}, "example. IN TYPE65280"),
    ],
)
def test_names_and_types(values: dict[str, object], asked: str) -> None:
    assert str(question_of(exchange(**values)).question[0]) == asked


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"type": "NOPE"}, "no such type of record"),
        ({"type": ""}, "no such type of record"),
        ({"type": "TYPE65536"}, "no such type of record"),
        ({"type": "AXFR"}, "transfer of a zone"),
        ({"name": ""}, "not a domain name"),
        ({"name": "a..b"}, "not a domain name"),
        ({"name": "x" * 64}, "not a domain name"),
        ({"name": "\udc80"}, "not a domain name"),
        ({"type": "A", "expect": ["192.0.2"]}, "not the data of a record of type A"),
        ({"type": "MX", "expect": ["mail"]}, "not the data of a record of type MX"),
        ({"receive": "(?{ 1 })"}, ""),
        ({"receive": ""}, "empty"),
    ],
)
def test_what_cannot_be_meant(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        step_of("dns", **values)


# What passes -------------------------------------------------------------------------------------------


def test_any_answer_without_error_passes() -> None:
    asking = exchange(name="example")
    assert told(asking, answer_to(asking)) == (Reason.OK, "example. SOA: 0 records")
    assert asking.facts() == {"dns": {"rcode": "NOERROR", "answers": 0}}


@pytest.mark.parametrize("rcode", ["FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN"])
def test_an_error_fails(rcode: str) -> None:
    asking = exchange(name="example")
    verdict = told(asking, answer_to(asking, rcode=rcode))
    assert verdict is not None
    assert verdict[0] == Reason.RESPONSE
    assert rcode in verdict[1] or "6" in verdict[1]


def test_what_is_no_answer_to_ours() -> None:
    asking = exchange(name="example")
    right = answer_to(asking).to_wire()
    assert told(asking, asking.datagram_to_send()) is None, "a query"
    assert told(asking, bytes((right[0] ^ 1,)) + right[1:]) is None, "another identifier"
    other = exchange(name="example.org")
    foreign = answer_to(other)
    foreign.id = question_of(asking).id
    assert told(asking, foreign) is None, "another question"
    for length in range(12):
        assert told(asking, right[:length]) is None


def test_a_question_in_other_letters_or_none_at_all_is_ours() -> None:
    asking = exchange(name="WWW.Example")
    right = answer_to(asking).to_wire()
    assert told(asking, right.replace(b"WWW", b"wWw").replace(b"Example", b"eXAMPLE")) is not None
    bare = right[:4] + bytes(8)
    verdict = told(asking, bare)
    assert verdict is not None
    assert verdict[0] == Reason.OK


def test_another_operation_than_a_query() -> None:
    asking = exchange()
    right = answer_to(asking).to_wire()
    verdict = told(asking, right[:2] + bytes((right[2] | 0x28,)) + right[3:])
    assert verdict is not None
    assert verdict[0] == Reason.PROTOCOL


# What is expected --------------------------------------------------------------------------------------

WWW = "www.example. 60 IN A 192.0.2.80"


def test_expected_records() -> None:
    asking = exchange(name="www.example", type="A", expect=["192.0.2.80", "192.0.2.81"])
    both = answer_to(asking, WWW, "www.example. 60 IN A 192.0.2.81")
    assert told(asking, both) == (Reason.OK, "www.example. A: 2 records, as expected")
    one = told(asking, answer_to(asking, WWW))
    assert one == (Reason.RESPONSE, "www.example. A: expected 192.0.2.81, got '192.0.2.80'")
    none = told(asking, answer_to(asking))
    assert none == (Reason.RESPONSE, "www.example. A: expected 192.0.2.80, got 'no records'")


@pytest.mark.parametrize(
    ("record_type", "expected", "data"),
    [
        ("MX", "10 mail.example", "10 MAIL.example."),
        ("TXT", '"up and running"', '"up and running"'),
        ("AAAA", "2001:db8:0::1", "2001:db8::1"),
    ],
)
def test_data_is_compared_by_what_it_means(record_type: str, expected: str, data: str) -> None:
    asking = exchange(name="example", type=record_type, expect=[expected])
    verdict = told(asking, answer_to(asking, f"example. 60 IN {record_type} {data}"))
    assert verdict is not None
    assert verdict[0] == Reason.OK, verdict[1]


@pytest.mark.parametrize(
    ("values", "records", "passes"),
    [
        ({"name": "www.example", "type": "A", "receive": r"^192\.0"}, [WWW], True),
        ({"name": "www.example", "type": "A", "receive": "81$"}, [WWW], False),
        ({"name": "192.0.2.80", "type": "PTR", "receive": "^www"}, ["x. 60 IN PTR www.example."], True),
        ({"name": "192.0.2.80", "type": "PTR", "receive": "example$"}, ["x. 60 IN PTR www.example."], True),
        ({"name": "www.example", "type": "AAAA", "receive": "2001"}, ["x. 60 IN AAAA 2001:db8::1"], False),
    ],
)
def test_ldirectord_s_receive(values: dict[str, object], records: list[str], passes: bool) -> None:
    asking = exchange(**values)
    verdict = told(asking, answer_to(asking, *records))
    assert verdict is not None
    assert verdict[0] == (Reason.OK if passes else Reason.RESPONSE)


def test_an_answer_that_was_cut_short() -> None:
    wanting = exchange(name="www.example", type="A", expect=["192.0.2.80"])
    cut = answer_to(wanting)
    cut.flags |= dns.flags.TC
    verdict = told(wanting, cut)
    assert verdict is not None
    assert "ask over TCP" in verdict[1]
    content = exchange(name="www.example", type="A")
    cut = answer_to(content)
    cut.flags |= dns.flags.TC
    assert told(content, cut) == (Reason.OK, "www.example. A: 0 records")


# Over TCP ----------------------------------------------------------------------------------------------


def framed(octets: bytes) -> bytes:
    return len(octets).to_bytes(2, "big") + octets


def asked_over_tcp(**values: object) -> tuple[DnsConversation, DnsExchange, dns.message.Message]:
    """Return a conversation that has asked, an exchange to write answers by, and the question."""
    talk = conversation(**values)
    assert talk.connected() is None
    octets = talk.octets_to_send()
    assert talk.octets_to_send() == b""
    assert framed(octets[2:]) == octets
    return talk, DnsExchange(talk._question), dns.message.from_wire(octets[2:])


def test_an_answer_in_pieces() -> None:
    talk, asking, _ = asked_over_tcp(name="example")
    answer = framed(answer_to(asking).to_wire())
    for octet in answer[:-1]:
        assert talk.data_received(bytes((octet,))) is None
    verdict = talk.data_received(answer[-1:])
    assert verdict is not None
    assert verdict.reason == Reason.OK


def test_the_answer_may_come_after_other_messages() -> None:
    talk, asking, _ = asked_over_tcp(name="example")
    answer = framed(answer_to(asking).to_wire())
    verdict = talk.data_received(framed(b"") + framed(bytes(40)) + answer + framed(b"more"))
    assert verdict is not None
    assert verdict.reason == Reason.OK


def test_no_answer_over_tcp() -> None:
    talk, _, _ = asked_over_tcp(name="example")
    assert talk.data_received(b"\xff\xff" + bytes(1000)) is None
    assert talk.awaiting() == "the answer to example. SOA"
    verdict = talk.peer_closed()
    assert verdict is not None
    assert verdict.reason == Reason.CLOSED


def test_an_endless_stream_of_messages_is_not_held() -> None:
    talk, _, _ = asked_over_tcp(name="example")
    chunk = framed(bytes(65535)) * 4
    began = time.process_time()
    for _ in range(20):
        assert talk.data_received(chunk) is None
        assert len(talk._received) <= 65537
    for _ in range(300):
        assert talk.data_received(bytes(1400)) is None
    assert time.process_time() - began < 5


# Hostile ones ------------------------------------------------------------------------------------------

TALKS: list[Callable[[], DnsExchange]] = [
    exchange,
    lambda: exchange(name="www.example", type="A", expect=["192.0.2.80"]),
    lambda: exchange(name="www.example", type="A", receive="192"),
]


@pytest.mark.parametrize("make", TALKS)
@given(st.binary(max_size=200), st.integers(0, 0x7FFF), st.integers(0, 3), st.integers(0, 300))
def test_anything_gives_a_verdict_or_is_none(
    make: Callable[[], DnsExchange], tail: bytes, flags: int, questions: int, answers: int
) -> None:
    asking = make()
    identifier = asking.datagram_to_send()[:2]
    counts = questions.to_bytes(2, "big") + answers.to_bytes(2, "big") + bytes(4)
    octets = identifier + (0x8000 | flags).to_bytes(2, "big") + counts + tail
    verdict = asking.datagram_received(octets)
    assert verdict is None or isinstance(verdict, Verdict)
    assert all(isinstance(line, str) for line in asking.describe(octets))


@given(st.data())
def test_a_right_answer_with_some_octets_wrong(data: st.DataObject) -> None:
    asking = exchange(name="www.example", type="A", expect=["192.0.2.80"], receive="192")
    records = [WWW, "www.example. 60 IN MX 10 mail.example.", 'www.example. 60 IN TXT "text"']
    octets = bytearray(answer_to(asking, *records).to_wire())
    for _ in range(data.draw(st.integers(1, 6))):
        octets[data.draw(st.integers(2, len(octets) - 1))] = data.draw(st.integers(0, 255))
    verdict = asking.datagram_received(bytes(octets))
    assert verdict is None or isinstance(verdict, Verdict)
    asking.describe(bytes(octets))


def test_names_that_point_at_each_other_take_no_time() -> None:
    asking = exchange(name="www.example", type="A", expect=["192.0.2.80"])
    header = asking.datagram_to_send()[:2] + bytes.fromhex("8180 0000 1500 0000 0000")
    labels = b"".join(b"\x01a" for _ in range(120))
    record = b"\xc0\x0c" + bytes.fromhex("0001 0001 0000003c 0004 c0000251")
    octets = header + labels + b"\0" + bytes.fromhex("0001 0001 0000003c 0004 c0000250") + record * 4000
    began = time.process_time()
    verdict = asking.datagram_received(octets[:65535])
    assert time.process_time() - began < 2
    assert verdict is not None
    assert verdict.reason in (Reason.PROTOCOL, Reason.OK)


def test_no_answer_keeps_us_busy_beyond_the_deadline() -> None:
    """Thousands of records, two long names in each: to read them all takes ten seconds and more."""
    asking = exchange(name="www.example", type="SOA", expect=["a. b. 1 2 3 4 5"])
    header = asking.datagram_to_send()[:2] + bytes.fromhex("8180 0000 0700 0000 0000")
    numbers = [number.to_bytes(4, "big") * 5 for number in range(0x700)]
    rest = bytes.fromhex("0006 0001 0000003c 0018 c00c c00c")
    name = b"\x01a" * 127 + b"\0"
    octets = header + name + rest + numbers[0] + b"".join(b"\xc0\x0c" + rest + each for each in numbers[1:])
    assert 64000 < len(octets) < 65536
    began = time.process_time()
    verdict = asking.datagram_received(octets)
    assert time.process_time() - began < 4
    assert verdict is not None
    assert verdict.reason == Reason.RESPONSE


def test_two_questions_are_not_ours() -> None:
    asking = exchange()
    answer = answer_to(asking).to_wire()
    question = asking.datagram_to_send()[12:]
    assert asking.datagram_received(answer) is not None
    assert asking.datagram_received(answer[:5] + b"\2" + answer[6:12] + question + answer[12:]) is None
