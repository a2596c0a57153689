# SPDX-License-Identifier: GPL-2.0-or-later
"""http_proxy: an URL in absolute form, and http's expectations of what the proxy fetched."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.http_proxy import parse_url
from lvs_rawcheck.errors import UsageError
from tests.checks.text.scripts import conversation, play, prepare

URL = "http://web.example/health?full=1"


def values_of(url: str, **others: object) -> dict[str, object]:
    """Return values as a command line would give them: converted."""
    return {"url": parse_url(url), **others}


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        (URL, URL, "web.example"),
        ("http://web.example", "http://web.example/", "web.example"),
        ("HTTP://web.example:8080/x", "HTTP://web.example:8080/x", "web.example:8080"),
        ("http://[2001:db8::1]:80/", "http://[2001:db8::1]:80/", "[2001:db8::1]:80"),
    ],
)
def test_the_url_is_asked_for_as_it_stands(url: str, target: str, host: str) -> None:
    play(
        lambda: conversation("http_proxy", **values_of(url)),
        f"""
        C: GET {target} HTTP/1.0
        C: Host: {host}
        C: User-Agent: lvs-rawcheck
        C:
        S: HTTP/1.0 200 OK
        S: Content-Length: 0
        S:
        ok
        """,
    )


ANSWERS = {
    "not ours to fetch": "S: HTTP/1.0 403 Filtered\nS: Content-Length: 0\nS:\nstatus: 403",
    "a redirect": "S: HTTP/1.0 302 Found\nS: Location: /\nS: Content-Length: 0\nS:\nstatus: 302",
    "the site is down": "S: HTTP/1.0 504 Gateway Timeout\nS: Content-Length: 0\nS:\nstatus: 504",
    "another page": "S: HTTP/1.0 200 OK\nS:\nS: parked\nclose\nregex",
    "the page": "S: HTTP/1.0 200 OK\nS:\nS: I am well\nclose\nok",
    "no HTTP": "S: SSH-2.0-OpenSSH_9.2p1\nprotocol",
    "closed": "close\nclosed",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str) -> None:
    asked = f"C: GET {URL} HTTP/1.0\nC: Host: web.example\nC: User-Agent: lvs-rawcheck\nC:\n"
    told = values_of(URL, regex=b"\\bwell\\b", regex_dialect="perl")
    play(lambda: conversation("http_proxy", **told), asked + ANSWERS[name])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/health",
        "web.example/health",
        "https://web.example/",
        "ftp://web.example/",
        "http://",
        "http:///path",
        "http://user@web.example/",
        "http://web.example/#part",
        "http://web.example?x",
        "http://web.example/a b",
        "http://web.example/\r\nX: y",
    ],
)
def test_an_url_that_no_proxy_is_asked_for(url: str) -> None:
    with pytest.raises(UsageError, match="url"):
        values_of(url)


def test_without_an_url_there_is_nothing_to_ask() -> None:
    with pytest.raises(UsageError, match="wants an url"):
        prepare("http_proxy")


def test_what_http_refuses_is_refused() -> None:
    with pytest.raises(UsageError, match="HEAD"):
        prepare("http_proxy", **values_of(URL, method="HEAD", regex=b"x"))
