# SPDX-License-Identifier: GPL-2.0-or-later
"""The request, octet by octet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.errors import UsageError
from tests.checks.http.talk import ENDPOINT, ENDPOINT6, begun, prepared

AGENT = b"User-Agent: lvs-rawcheck\r\n"


def request_of(endpoint: Endpoint = ENDPOINT, **told: Any) -> bytes:
    conversation = prepared(**told)()
    conversation.note_endpoint(endpoint)
    assert conversation.connected() is None
    return conversation.octets_to_send()


def test_by_default_it_is_keepalived_s_request_for_the_vip() -> None:
    assert request_of() == b"GET / HTTP/1.0\r\nHost: 10.0.0.100:80\r\n" + AGENT + b"\r\n"


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert b"\r\nHost: [2001:db8::100]:8080\r\n" in request_of(ENDPOINT6)


@pytest.mark.parametrize(
    ("version", "first", "connection"),
    [
        ("1.0", b"GET / HTTP/1.0\r\n", b""),
        ("1.0C", b"GET / HTTP/1.0\r\n", b"Connection: close\r\n"),
        ("1.1", b"GET / HTTP/1.1\r\n", b"Connection: close\r\n"),
    ],
)
def test_keepalived_s_versions(version: str, first: bytes, connection: bytes) -> None:
    assert request_of(http_version=version, host="a.b") == first + b"Host: a.b\r\n" + AGENT + connection + b"\r\n"


def test_all_that_can_be_said() -> None:
    octets = request_of(
        method="HEAD",
        path="/a?b=%20c&d=\u00e9",
        host="www.example.com:8080",
        header=["X-A: 1", "X-A:2", "X-Empty:"],
        http_version="1.1",
    )
    assert octets == (
        b"HEAD /a?b=%20c&d=\xc3\xa9 HTTP/1.1\r\nHost: www.example.com:8080\r\n"
        + AGENT
        + b"Connection: close\r\nX-A: 1\r\nX-A: 2\r\nX-Empty: \r\n\r\n"
    )


def test_without_host() -> None:
    assert request_of(no_host=True) == b"GET / HTTP/1.0\r\n" + AGENT + b"\r\n"


def test_headers_of_the_operator_s_take_the_place_of_ours() -> None:
    octets = request_of(header=["user-agent: KeepAliveClient", "Connection: Upgrade"], http_version="1.1", host="a")
    assert octets == b"GET / HTTP/1.1\r\nHost: a\r\nuser-agent: KeepAliveClient\r\nConnection: Upgrade\r\n\r\n"


def test_each_conversation_asks_anew() -> None:
    make = prepared()
    begun(make)
    begun(make)


CONTRADICTIONS = [
    ({"path": "health"}, "path does not begin with /"),
    ({"path": ""}, "path is empty"),
    ({"path": "/a b"}, "a blank is written %20"),
    ({"path": "/ HTTP/1.0\r\n\r\nGET /"}, "control character"),
    ({"path": "/\0"}, "control character"),
    ({"path": "/\x7f"}, "control character"),
    ({"host": "a\r\nX: y"}, "control character"),
    ({"host": ""}, "host is empty"),
    ({"host": "a b"}, "blank"),
    ({"header": ["no colon"]}, "`Name: value`"),
    ({"header": [": value"]}, "not the name of a header"),
    ({"header": ["Na me: value"]}, "not the name of a header"),
    ({"header": ["Name : value"]}, "not the name of a header"),
    ({"header": ["X: a\r\nY: b"]}, "no line end"),
    ({"header": ["X: a\nY: b"]}, "no line end"),
    ({"header": ["X: a\0"]}, "no NUL"),
    ({"header": ["HOST: other"]}, "said by host"),
    ({"header": ["Content-Length: 5"]}, "without a body"),
    ({"header": ["Transfer-Encoding: chunked"]}, "without a body"),
    ({"method": "POST"}, "not one of GET, HEAD"),
    ({"method": "get"}, "not one of GET, HEAD"),
    ({"http_version": "2"}, "not one of 1.0, 1.0C, 1.1"),
    ({"no_host": True, "host": "a"}, "contradict"),
    ({"no_host": True, "http_version": "1.1"}, "must have a Host header"),
    ({"status": ["99"]}, "not a status"),
    ({"status": ["600"]}, "not a status"),
    ({"status": ["700"]}, "not a status"),
    ({"status": ["300-200"]}, "not a status"),
    ({"status": ["200-"]}, "not a status"),
    ({"status": ["-200"]}, "not a status"),
    ({"status": ["200-299-300"]}, "not a status"),
    ({"status": ["2xx"]}, "not a status"),
    ({"status": [""]}, "not a status"),
    ({"status": ["\u0662\u0660\u0660"]}, "not a status"),
    ({"status": ["+20"]}, "not a status"),
    ({"status": ["200", "9"]}, "not a status"),
    ({"md5": "0" * 31}, "not the 32 hexadecimal digits of MD5"),
    ({"md5": "g" * 32}, "not the 32 hexadecimal digits of MD5"),
    ({"md5": "0" * 64}, "not the 32 hexadecimal digits of MD5"),
    ({"sha256": "0" * 32}, "not the 64 hexadecimal digits of SHA256"),
    ({"sha256": "\u0660" * 64}, "not the 64 hexadecimal digits of SHA256"),
    ({"contains": [""]}, "whatever comes would pass"),
    ({"regex": ""}, "whatever comes would pass"),
    ({"regex": "("}, "missing )"),
    ({"regex": "a", "regex_dialect": "emacs"}, "not one of python, pcre2, perl"),
    ({"regex": "a", "regex_options": ["shouting"]}, "shouting"),
    ({"regex": "a", "regex_min_offset": "10", "regex_max_offset": "9"}, "nothing can match"),
    ({"regex": "a", "regex_min_offset": "-1"}, "not a whole number"),
    ({"regex": "a", "regex_subject": "header"}, "not one of body, response"),
    ({"regex_no_match": True}, "regex-no-match is about a regex"),
    ({"regex_dialect": "pcre2"}, "regex-dialect is about a regex"),
    ({"regex_options": ["caseless"]}, "regex-options is about a regex"),
    ({"regex_max_offset": "9"}, "regex-max-offset is about a regex"),
    ({"regex_subject": "response"}, "regex-subject is about a regex"),
    ({"body_limit": "0"}, "not a whole number"),
    ({"body_limit": "1G"}, "not a whole number"),
    ({"body_limit": "9"}, "body-limit is about contains and regex, and there is neither"),
    ({"body_limit": "9", "body": "a", "md5": "0" * 32}, "body-limit is about contains and regex"),
    ({"method": "HEAD", "body_limit": "9"}, "body-limit is about the body"),
    ({"body_limit": "9", "contains": ["a", "b" * 10]}, "contains has 10 octets, and body-limit is 9"),
    ({"contains": ["a" * 1048577]}, "contains has 1048577 octets, and body-limit is 1048576"),
    ({"body_limit": "9", "regex": "a", "regex_min_offset": "10"}, "regex-min-offset 10 is beyond all"),
    (
        {"body_limit": "1", "regex": "a", "regex_min_offset": "16386", "regex_subject": "response"},
        "regex-min-offset 16386 is beyond all that is looked at, 16385 octets",
    ),
    ({"response_header": ["Bad Name"]}, "not the name of a header"),
    ({"response_header": [""]}, "not the name of a header"),
    ({"response_header": ["X: a\nb"]}, "no line end"),
    *(
        ({"method": "HEAD", name: value}, f"{name.replace('_', '-')} is about the body")
        for name, value in {
            "body": "",
            "contains": ["a"],
            "md5": "0" * 32,
            "sha256": "0" * 64,
            "show_digests": True,
            "regex": "a",
        }.items()
    ),
]


@pytest.mark.parametrize(("told", "sentence"), CONTRADICTIONS)
def test_contradictions_are_one_sentence(told: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        prepared(**told)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_header_from_a_file_is_sent_and_told_to_nobody(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text("Authorization: Basic c2VjcmV0\nsecond line\n")
    path.chmod(0o600)
    conversation = prepared(host="a", header_file=[str(path)])()
    conversation.connected()
    asked = conversation.octets_to_send()
    assert b"\r\nAuthorization: Basic c2VjcmV0\r\n" in asked
    assert "second line" not in asked.decode()
    assert "Authorization: ***" in conversation.describe(asked)
    assert "c2Vj" not in "".join(conversation.describe(asked))


def test_a_file_that_holds_no_header_or_is_open_to_others_is_refused_without_its_text(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text("c2VjcmV0\n")
    path.chmod(0o600)
    for mode, sentence in ((0o600, "is no header to add to a request"), (0o640, "is open to others: chmod 600 it")):
        path.chmod(mode)
        with pytest.raises(UsageError, match=sentence) as refused:
            prepared(header_file=[str(path)])
        assert "c2Vj" not in str(refused.value)
