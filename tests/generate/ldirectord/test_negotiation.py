# SPDX-License-Identifier: GPL-2.0-or-later
"""What each service's negotiation becomes: after the check_* functions of ldirectord."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from lvs_rawcheck.generate.check_text import Value
from lvs_rawcheck.generate.ldirectord.negotiation import SERVICES
from tests.generate.ldirectord.desk import block, check, octets_after, plan, refusal

LOGIN = ('login="who"', 'passwd="s3cret"')
WHO = {"login": "who", "password": "s3cret"}
HOST = {"host": "192.0.2.11", "http_version": "1.1"}


@pytest.mark.parametrize(
    ("lines", "kind", "values"),
    [
        (["service=http"], "http", {"path": "/", **HOST}),
        (["service=http", 'request="a?b=c"', 'receive="o.k"'], "http", {"path": "/a?b=c", "regex": "o.k", **HOST}),
        (["service=http", "virtualhost=www.example.com"], "http", {"path": "/", **HOST, "host": "www.example.com"}),
        (["service=http", 'virtualhost="a.example"'], "http", {"path": "/", **HOST, "host": "a.example"}),
        (["service=http", "httpmethod=head"], "http", {"path": "/", **HOST, "method": "HEAD"}),
        (["service=https", "checkport=443"], "https", {"path": "/", **HOST}),
        (["service=http", 'request="a b|c"'], "http", {"path": "/a%20b%7Cc", **HOST}),
        (["service=http_proxy", 'request="http://a.example/x"'], "http_proxy", {"url": "http://a.example/x"}),
        (["service=smtp"], "smtp", {"hello": "ehlo"}),
        (["service=submission"], "submission", {"hello": "ehlo"}),
        (["service=pop"], "pop", {}),
        (["service=pops", *LOGIN], "pops", WHO),
        (["service=pop", 'login="who"'], "pop", {"login": "who", "password": ""}),
        (["service=imap", 'passwd="of nobody"'], "imap", {}),
        (["service=imaps", *LOGIN], "imaps", WHO),
        (["service=nntp"], "nntp", {}),
        (["service=ldap"], "ldap", {}),
        (["service=ldap", 'login="cn=x"'], "ldap", {}),
        (["service=ldap", 'login="cn=x"', 'passwd="0"'], "ldap", {}),
        (["service=ldaps", *LOGIN, 'request="dc=example"'], "ldaps", {**WHO, "request": "dc=example"}),
        (["service=ldap", 'receive="^dc"'], "ldap", {"receive": "^dc", "regex_dialect": "perl"}),
        (["service=radius", *LOGIN, 'secret="shh"'], "radius", {**WHO, "secret": "shh"}),
        (["service=mysql", *LOGIN, 'request="SELECT 1"'], "mysql", {**WHO, "request": "SELECT 1"}),
        (
            ["service=pgsql", *LOGIN, 'database="d"', 'request="/SELECT 1"'],
            "pgsql",
            {**WHO, "database": "d", "request": "SELECT 1", "tls_if_offered": True},
        ),
        (["service=oracle", *LOGIN, 'request="SELECT 1 FROM dual"'], "oracle", {}),
        (["service=simpletcp"], "simpletcp", {}),
        (
            ["service=simpletcp", r'request="HI\n"', 'receive="^OK"'],
            "simpletcp",
            {"request": r"HI\n", "receive": "^OK"},
        ),
        (["service=sip"], "sip", {"login": f"ldirectord@{os.uname().nodename}", "protocol": "tcp"}),
        (["service=sip", "protocol=udp", 'login="a@b.example"'], "sip", {"login": "a@b.example", "protocol": "udp"}),
        (["service=ftp"], "ftp", {"login": "anonymous", "password": f"ldirectord@{os.uname().nodename}"}),
        (["service=ftp", *LOGIN, 'request="x"', 'receive="y"'], "ftp", WHO),
        (
            ["service=dns", 'request="www.example.com"', 'receive="^192"'],
            "dns",
            {"name": "www.example.com", "type": "A", "receive": "^192", "protocol": "tcp"},
        ),
        (
            ["service=dns", "protocol=udp", 'request="192.0.2.7"', 'receive="www"'],
            "dns",
            {"name": "192.0.2.7", "type": "PTR", "receive": "www"},
        ),
        (
            ["service=dns", "protocol=udp", 'request="2001:db8::7"', 'receive="www"'],
            "dns",
            {"name": "2001:db8::7", "type": "PTR", "receive": "www"},
        ),
    ],
)
def test_it_is_asked_the_same(lines: list[str], kind: str, values: dict[str, Value]) -> None:
    found_kind, found = check("checktype=negotiate", *lines)
    if "regex" in values:
        values = {**values, "regex_dialect": "perl"}
    if kind == "http_proxy":
        values = {**values, "http_version": "1.1"}
    assert (found_kind, found) == (kind, values)


def test_there_is_a_translation_for_every_service() -> None:
    text = "".join(
        block("real=192.0.2.11:99 gate", f"service={service}", opening=f"virtual=192.0.2.1:{number}")
        for number, service in enumerate(SERVICES, 1000)
    )
    planned = plan(text)
    # What they lack is said: a login, a receive, an URL; none is unknown here.
    assert len(planned.services) + len(planned.skipped) == len(SERVICES) == 20


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["service=dns", 'request="www.example.com"'], "dns needs a receive"),
        (["service=dns", 'request="www"', 'receive="x"'], "search list"),
        (["service=dns", 'request="192.0.2"', 'receive="x"'], "prefix"),
        (["service=mysql", 'request="SELECT 1"'], "mysql needs a login and a request"),
        (["service=mysql", *LOGIN], "mysql needs a login and a request"),
        (["service=pgsql", *LOGIN, 'database="a;host=b"', 'request="SELECT 1"'], "a ; in the name of the database"),
        (["service=oracle", 'request="SELECT 1 FROM dual"'], "oracle needs a login and a request"),
        (["service=oracle", *LOGIN], "oracle needs a login and a request"),
        (["service=radius", *LOGIN], "radius needs the secret"),
        (["service=simpletcp", "protocol=udp"], "simpletcp of a udp virtual"),
        (["service=http_proxy", 'request="index.html"'], "http://HOST"),
        (["service=http", "httpmethod=HEAD", 'receive="x"'], "a response to HEAD has none"),
        (["service=http", 'receive="(?{1})"'], "Perl"),
        (["service=http", 'receive="("'], "Perl"),
    ],
)
def test_what_has_no_certain_translation_is_left(lines: list[str], sentence: str) -> None:
    assert sentence in refusal("checktype=negotiate", *lines)


def test_a_login_that_no_service_file_can_hold_is_left() -> None:
    text = block("real=192.0.2.11:80 gate", "service=imap", 'login="LOGIN"').encode().replace(b"LOGIN", b"a\xe9")
    planned = plan(text)
    assert planned.services == {}
    assert "UTF-8" in planned.skipped[0].reason


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["service=ftp", 'request="up.txt"', 'receive="yes"'], "request and receive count no more"),
        (["service=oracle", *LOGIN, 'request="SELECT 1 FROM dual"'], "a database that answers no query stays in"),
        (["service=mysql", *LOGIN, 'request="SELECT 1"'], None),
        (["service=http", 'receive="x"'], None),
    ],
)
def test_what_is_checked_no_more_is_a_loss_until_it_is_written(lines: list[str], words: str | None) -> None:
    planned = plan(block("real=192.0.2.11:80 gate", "real=192.0.2.12:80 gate", *lines))
    assert [words is not None and words in loss for loss in planned.losses] == ([] if words is None else [True])
    assert plan(octets_after(planned)).losses == []


def test_sip_and_ftp_by_port_alone_have_no_login() -> None:
    assert "no address at all" in refusal("real=192.0.2.11:5060 gate", opening="virtual=192.0.2.1:5060")
    assert "an empty name" in refusal("real=192.0.2.11:21 gate", opening="virtual=192.0.2.1:21")


def test_a_server_may_have_a_request_of_its_own() -> None:
    planned = plan(
        block(
            'real=192.0.2.11:80 gate 5 "own", "fine"',
            "real=192.0.2.12:80 gate",
            "service=http",
            'request="/all"',
            'receive="good"',
        )
    )
    (service,) = planned.services.values()
    values = [dict(server.checks[0].values) for server in service.servers]
    assert [(each["path"], each["regex"]) for each in values] == [("/own", "fine"), ("/all", "good")]


def test_a_whole_url_of_a_server_is_somebody_else() -> None:
    assert "whole URL" in refusal('real=192.0.2.11:80 gate "http://192.0.2.99/", "x"', "service=http")


def test_a_server_of_ipv6_is_named_in_brackets() -> None:
    kind, values = check("real6=[2001:db8::11]:80 gate", "service=http", opening="virtual6=[2001:db8::1]:80")
    assert (kind, values["host"]) == ("http", "[2001:db8::11]")


def test_secrets_go_into_the_service_file_only() -> None:
    planned = plan(block("real=192.0.2.11:80 gate", "service=imap", *LOGIN))
    said = [*planned.warnings, *(str(server) for server in planned.servers), *map(str, planned.edits.values())]
    assert planned.services
    assert not any("s3cret" in text for text in said)


@pytest.mark.skipif(shutil.which("perl") is None, reason="there is no perl")
def test_a_request_is_escaped_as_perl_does_it() -> None:
    program = (
        "use URI; binmode STDIN; while (<STDIN>) { chomp; "
        "print URI->new('http://192.0.2.11:80/' . $_)->path_query, \"\\n\" }"
    )
    requests = [
        "",
        "a b",
        "a|b\\c^d`e{}<>",
        "\u00e4\u20ac",
        "%41%zz%",
        "a[1]?x[]=2",
        "a;b?c=d&e=f+g",
        "x  ",
        "~'()*!",
        '"q',
    ]
    run = subprocess.run(
        ["perl", "-e", program],
        input="\n".join(requests).encode() + b"\n",
        capture_output=True,
        check=False,
        timeout=60,
    )
    if run.returncode:
        pytest.skip(f"perl has no URI: {run.stderr.decode()[:200]}")
    for request, escaped in zip(requests[1:-1], run.stdout.decode().splitlines()[1:-1], strict=True):
        _, values = check("service=http", f'request="/{request}"')
        assert values["path"] == escaped
