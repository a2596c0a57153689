# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines by table: what each spelling means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.checks.request_values import parse_endpoints, parse_port, parse_timeout
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.cli.arguments import COMMON_OPTIONS, build_request
from lvs_rawcheck.cli.options import HelpWanted, Option, help_text, parse
from lvs_rawcheck.cli.output import one_sentence
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import format_endpoint

OPTIONS = (
    Option("t", "timeout", "SECONDS", "how long", parse_timeout, 2.0),
    Option("v", "verbose", None, "say 100 % more"),
    Option("", "role-file", "FILE", "the role"),
)


@pytest.mark.parametrize(
    ("arguments", "timeout", "verbose", "role_file", "positionals"),
    [
        ([], 2.0, 0, None, []),
        (["-t", "3", "a"], 3.0, 0, None, ["a"]),
        (["a", "-t3"], 3.0, 0, None, ["a"]),
        (["--timeout=0.5", "a", "b"], 0.5, 0, None, ["a", "b"]),
        (["--timeout", "0.5"], 0.5, 0, None, []),
        (["-vvt.25", "--verbose"], 0.25, 3, None, []),
        (["--role-file=x=y"], 2.0, 0, "x=y", []),
        (["--role-file", "--odd"], 2.0, 0, "--odd", []),
        (["--role-file="], 2.0, 0, "", []),
        (["-v", "--", "-t", "-1"], 2.0, 1, None, ["-t", "-1"]),
        (["-", "-t", "1", "-t", "2"], 2.0, 0, None, ["-"]),
    ],
)
def test_spellings(
    arguments: list[str], timeout: float, verbose: int, role_file: str | None, positionals: list[str]
) -> None:
    line = parse(arguments, OPTIONS)
    assert line.values == {"timeout": timeout, "verbose": verbose, "role_file": role_file}
    assert line.positionals == positionals


@pytest.mark.parametrize("word", ["-h", "-?", "--help", "--usage"])
def test_help_is_asked_for(word: str) -> None:
    with pytest.raises(HelpWanted):
        parse([word], OPTIONS)


@pytest.mark.parametrize("word", ["-h", "-?", "--help", "--usage"])
@pytest.mark.parametrize(
    "others", [["{}", "10.0.0.42", "10.0.0.100", "80"], ["10.0.0.42", "{}"], ["-v", "{}"], ["{}", "{}"]]
)
def test_help_among_other_words_is_a_slip(word: str, others: list[str]) -> None:
    with pytest.raises(UsageError, match="asks for help only where it stands alone"):
        parse([other.format(word) for other in others], OPTIONS)


def test_help_names_every_option() -> None:
    text = help_text("check", "VIP", "Checks.", OPTIONS)
    for word in ("usage: check [options] VIP", "-t SECONDS", "--role-file FILE", "100 % more", "-?", "--usage"):
        assert word in text


@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    try:
        line = parse(words, OPTIONS)
    except (UsageError, HelpWanted):
        return
    assert len(line.positionals) <= len(words)


TOKENS = st.sampled_from(
    ["10.0.0.42", "10.0.0.100:80", "[::1]:80", "::2", "80", "-t", "1", "-s", "-i", "eth0", "--reply-mac", "known", "--"]
)
ANY_TEXT = st.text(st.characters(blacklist_categories=()), max_size=12)  # lone surrogates too: octets that are no UTF-8


@given(st.lists(TOKENS | ANY_TEXT, max_size=6))
def test_any_command_line_is_a_request_or_refused(words: list[str]) -> None:
    try:
        request = build_request("tcp", (TcpConversation,), parse(words, COMMON_OPTIONS))
    except (UsageError, HelpWanted):
        return
    assert all(len(endpoint.vip) == len(request.real_ip) for endpoint in request.endpoints)
    assert 0 < request.timeout <= 300


@given(st.text(st.characters(blacklist_categories=())))
def test_one_sentence_is_one_printable_line(text: str) -> None:
    sentence = one_sentence(text)
    assert sentence.isprintable()
    sentence.encode()


@given(st.integers(1, 65535))
def test_every_port_is_read(port: int) -> None:
    assert parse_port(str(port)) == port


@pytest.mark.parametrize("text", ["", "0", "65536", "00080x", "http", "-1", "1.5", " 80", "100000", "\u0661"])
def test_other_ports_are_not(text: str) -> None:
    with pytest.raises(UsageError):
        parse_port(text)


@pytest.mark.parametrize(
    ("text", "endpoints"),
    [
        ("10.0.0.100", ["10.0.0.100:443"]),
        ("10.0.0.100:80", ["10.0.0.100:80"]),
        ("10.0.0.100:80,10.0.0.101", ["10.0.0.100:80", "10.0.0.101:443"]),
        ("2001:db8::1", ["[2001:db8::1]:443"]),
        ("[2001:db8::1]", ["[2001:db8::1]:443"]),
        ("[2001:db8::1]:80,[2001:db8::2]:81", ["[2001:db8::1]:80", "[2001:db8::2]:81"]),
    ],
)
def test_endpoints(text: str, endpoints: list[str]) -> None:
    assert [format_endpoint(each.vip, each.port) for each in parse_endpoints(text, 443)] == endpoints


@pytest.mark.parametrize(
    "text", ["", ",", "10.0.0.100:", "[10.0.0.100", "[2001:db8::1]80", "[2001:db8::1]:", "[]:80", "10.0.0.100,"]
)
def test_endpoints_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        parse_endpoints(text, 443)


@pytest.mark.parametrize("text", ["0", "0.0", "-1", "1e3", "301", ".", "", "1..2", "inf", "nan", "0x1", "1 "])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        parse_timeout(text)
