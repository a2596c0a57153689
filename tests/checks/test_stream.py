# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind stream: scripts that can be read and that cannot, and what they make of what a server says."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.checks.base import Conversation, Reason, Verdict, timed_out
from lvs_rawcheck.checks.over_tls import OverStartTls, OverTls
from lvs_rawcheck.checks.parameters import Values, defaults
from lvs_rawcheck.checks.stream import KINDS, LIMIT_DEFAULT, StreamConversation
from lvs_rawcheck.errors import UsageError

(KIND,) = KINDS
PING = r'send "PING\r\n"'


def values(**given_values: object) -> Values:
    return Values({**defaults(KIND.parameters), **given_values})


def conversation(*steps: str, **others: object) -> Conversation:
    made = KIND.prepare(values(step=list(steps), **others))()
    assert isinstance(made, Conversation)
    return made


def begun(*steps: str, **others: object) -> Conversation:
    made = conversation(*steps, **others)
    assert made.connected() is None
    return made


def told(talk: Conversation, octets: bytes, piece: int) -> tuple[Verdict | None, bytes]:
    """Return the verdict on octets that come in pieces, and what was said meanwhile."""
    said = talk.octets_to_send()
    for begin in range(0, len(octets), piece):
        verdict = talk.data_received(octets[begin : begin + piece])
        said += talk.octets_to_send()
        if verdict is not None:
            return verdict, said
    return None, said


# Conversations -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, 2, 1000])
def test_a_conversation(piece: int) -> None:
    talk = begun(PING, 'expect "+PONG"', 'send "INFO\n"', 'expect-regex "role:(master|slave)\\r\\n"')
    verdict, said = told(talk, b"+PONG\r\n$99\r\n# Replication\r\nrole:master\r\n", piece)
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == (Reason.OK, "all 4 steps of the script passed")
    assert said == b"PING\r\nINFO\n"


def test_a_server_that_speaks_first() -> None:
    talk = begun('expect "220 "', 'send "QUIT\\r\\n"', 'expect "221"')
    assert talk.octets_to_send() == b""
    assert told(talk, b"220 hello\r\n", 3) == (None, b"QUIT\r\n")
    verdict, _ = told(talk, b"221 bye", 3)
    assert verdict is not None
    assert verdict.healthy


def test_each_match_takes_in_all_that_came_before_it() -> None:
    talk = begun('expect "b"', 'expect "a"')
    assert talk.data_received(b"ab") is None, "the a had gone by"
    verdict = talk.data_received(b"a")
    assert verdict is not None
    assert verdict.healthy


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_answer_in_any_pieces(answer: bytes, piece: int) -> None:
    """Octets mean the same however they come; the limit holds in the same place."""
    steps = ('expect "\\x00"', 'expect "\\x01\\x02"')
    whole, _ = told(begun(*steps, limit=100), answer, 1000)
    parts, _ = told(begun(*steps, limit=100), answer, piece)
    assert (whole and whole.reason) == (parts and parts.reason)
    zero = answer.find(b"\0", 0, 100)
    if zero >= 0 and 0 <= answer[zero + 1 :].find(b"\1\2") <= 98:
        assert whole is not None
        assert whole.healthy


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        (r"a\r\n\t\\\"b", b'a\r\n\t\\"b'),
        (r"\x00\xfF\x20", b"\0\xff "),
        ("ä", b"\xc3\xa4"),
        ("# no comment", b"# no comment"),
        (r"\\n", rb"\n"),
    ],
)
def test_escapes(text: str, octets: bytes) -> None:
    talk = begun(f'send "{text}"', f'expect "{text}"')
    verdict, said = told(talk, b"...." + octets, 1)
    assert said == octets
    assert verdict is not None
    assert verdict.healthy


@pytest.mark.parametrize("dialect", ["python", "pcre2", "perl"])
def test_dialects(dialect: str) -> None:
    verdict, _ = told(begun(r'expect-regex "^\"\d+\"$"', regex_dialect=dialect), b'"17"', 100)
    assert verdict is not None
    assert verdict.healthy


def test_posix_classes_are_of_the_dialects_that_have_them() -> None:
    verdict, _ = told(begun('expect-regex "^[[:digit:]]+"', regex_dialect="pcre2"), b"17", 100)
    assert verdict is not None
    assert verdict.healthy


# Not so ------------------------------------------------------------------------------------------------


def test_the_server_closes() -> None:
    talk = begun(PING, 'expect "+PONG"')
    talk.data_received(b"-NOAUTH Authentication required.\r\n")
    verdict = talk.peer_closed()
    assert verdict is not None
    assert verdict.reason == Reason.CLOSED
    assert verdict.detail == (
        "the server closed before what step 2 wants (expect \"+PONG\") after '-NOAUTH Authentication required.\\r\\n'"
    )


def test_silence() -> None:
    talk = begun(PING, 'expect "+PONG"')
    assert timed_out(talk).detail == (
        'connected, then what step 2 wants (expect "+PONG") did not come until the deadline'
    )
    assert talk.phases_reached() == ()
    talk.data_received(b"\0" * 1000)
    assert len(timed_out(talk).detail) < 300
    assert timed_out(talk).detail.isprintable()
    assert talk.phases_reached() == ("first_octet",)


@pytest.mark.parametrize("piece", [1, 7, 1000])
@pytest.mark.parametrize("step", ['expect "z"', 'expect-regex "z"'])
def test_the_limit_is_the_limit(step: str, piece: int) -> None:
    for before, reason in ((99, Reason.OK), (100, Reason.RESPONSE)):
        verdict, _ = told(begun(step, limit=100), b"a" * before + b"z", piece)
        assert verdict is not None
        assert verdict.reason == reason
        if reason == Reason.RESPONSE:
            assert verdict.detail.startswith("100 octets did not contain what step 1 wants")


def test_an_answer_without_end() -> None:
    talk = begun('expect "z"')
    for count in range(1, 100):
        verdict = talk.data_received(b"a" * 1448)
        if verdict is not None:
            assert verdict.reason == Reason.RESPONSE
            assert (count - 1) * 1448 < LIMIT_DEFAULT <= count * 1448
            return
    raise AssertionError("it never ended")


@pytest.mark.parametrize("step", ['expect "z"', 'expect-regex "[xyz]z"', 'expect-regex "a*[xyz]"'])
def test_an_answer_octet_by_octet_costs_bounded_time(step: str) -> None:
    """Each search begins anew for a pattern: 64 KiB by single octets would read 2 GiB."""
    talk = begun(step, limit=1024 * 1024)
    begin = time.process_time()
    for _ in range(30_000):
        verdict = talk.data_received(b"b")
        if verdict is not None:
            assert verdict.reason == Reason.RESPONSE
            assert "small pieces" in verdict.detail
            break
    assert time.process_time() - begin < 5.0


# Scripts -----------------------------------------------------------------------------------------------


def test_a_script_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "redis.script"
    path.write_text('# redis\n\n  send "PING\\r\\n"  # and nothing else\r\n\texpect "+PONG\\r\\n"\n#\n')
    talk = KIND.prepare(values(script=str(path)))()
    assert isinstance(talk, StreamConversation)
    assert talk.connected() is None
    assert talk.octets_to_send() == b"PING\r\n"
    verdict = talk.data_received(b"+PONG\r\n")
    assert verdict is not None
    assert verdict.healthy


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('send "a"\nsned "b"', "FILE:2: unknown step 'sned': there are send, expect, expect-regex, tls"),
        ('SEND "a"', "FILE:1: unknown step 'SEND'"),
        ('"a"', "FILE:1: unknown step ''"),
        ("send", "FILE:1: send is followed by one text in double quotes"),
        ("send a", "FILE:1: send is followed by one text in double quotes"),
        ('send "a', "FILE:1: send is followed by one text"),
        ('send "a" "b"', "FILE:1: send is followed by one text"),
        ('send "a" b', "FILE:1: send is followed by one text"),
        ("send 'a'", "FILE:1: send is followed by one text"),
        ('tls "now"', "FILE:1: tls stands alone"),
        ('send ""', "FILE:1: send with an empty text means nothing"),
        (r'send "\q"', r"FILE:1: unknown escape '\\q'"),
        (r'expect "\x1"', r"FILE:1: unknown escape '\\x'"),
        ('expect-regex "("', "FILE:1: "),
        ('expect-regex "a*"', "FILE:1: the pattern 'a*' matches where nothing is: any server would pass"),
        ('expect "a"\n\nsend "b"', "FILE:3: the last step must be one that waits for the server"),
        ("tls\ntls", "FILE: a stream can be secured only once"),
        ("", "FILE: a script without a step proves nothing"),
        ("# nothing\n\n", "FILE: a script without a step proves nothing"),
    ],
)
def test_scripts_that_cannot_be_meant(tmp_path: Path, lines: str, sentence: str) -> None:
    path = tmp_path / "script"
    path.write_text(lines)
    with pytest.raises(UsageError) as raised:
        KIND.prepare(values(script=str(path)))
    assert str(raised.value).replace(str(path), "FILE").startswith(sentence)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("given_values", "sentence"),
    [
        ({}, "stream needs a script, or steps one by one"),
        ({"script": "x", "step": ["tls"]}, "give one or the other"),
        ({"script": "/nonexistent"}, "cannot read the script '/nonexistent': No such file"),
        ({"script": "/"}, "cannot read the script '/': Is a directory"),
        ({"script": "a\0b"}, "not a path"),
        ({"script": "/dev/zero"}, "longer than"),
        ({"step": ["send"]}, "step 1: send is followed by"),
        ({"step": ["bogus"]}, "step 1: unknown step 'bogus'"),
        ({"step": ['expect "\udcff"']}, "step 1: the text is not UTF-8"),
        ({"step": ['expect "abc"'], "limit": 2}, "has 3 octets, and the limit is 2"),
        ({"step": ['expect "a"'], "regex_dialect": "perl"}, "regex-dialect is about a regex, and there is none"),
        ({"step": ["tls"], "tls": True}, "the step tls comes too late"),
        ({"step": ['expect "a"'], "sni": "a.example"}, "sni is about TLS"),
    ],
)
def test_values_that_cannot_be_meant(given_values: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        KIND.prepare(values(**given_values))
    assert sentence in str(raised.value)


def test_a_script_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_bytes(b'send "\xff"\n')
    with pytest.raises(UsageError, match="not UTF-8"):
        KIND.prepare(values(script=str(path)))


def test_a_script_that_is_a_fifo(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(UsageError):
        KIND.prepare(values(script=str(path)))


@given(st.text(max_size=60))
def test_any_text_is_a_script_or_is_not(text: str) -> None:
    with suppress(UsageError):
        KIND.prepare(values(step=[text]))


# TLS ---------------------------------------------------------------------------------------------------


def test_where_tls_begins() -> None:
    assert isinstance(conversation('expect "a"', tls=True), OverTls)
    assert not isinstance(conversation('expect "a"', tls=True), OverStartTls)
    assert isinstance(conversation("tls", 'expect "a"', sni="a.example"), OverStartTls)
    assert isinstance(conversation('expect "a"'), StreamConversation)


def test_a_script_that_is_done_wants_no_tls() -> None:
    talk = begun('expect "a"')
    assert not talk.ready_for_tls
    verdict = talk.data_received(b"a")
    assert verdict is not None
    assert verdict.healthy
    assert not talk.ready_for_tls


def test_more_than_was_expected_before_tls() -> None:
    """Who sits in between could add an answer in the clear that is then taken for a secured one."""
    talk = begun('expect "220 go\\r\\n"', "tls", 'expect "250"')
    verdict = talk.data_received(b"220 go\r\n250 forged\r\n")
    assert verdict is not None
    assert verdict.reason == Reason.PROTOCOL
    assert "250 forged" in verdict.detail
