# SPDX-License-Identifier: GPL-2.0-or-later
"""tcp, http, https, http_proxy: nginx, haproxy, and tinyproxy in front of nginx."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from lvs_rawcheck.checks.base import Reason
from tests.kinds.matrix import Row, Wrong
from tests.kinds.trust import OTHER_NAME, VERIFIED
from tests.netns.daemons import certificates, web
from tests.netns.daemons.daemon import Daemon
from tests.netns.topology import Host

HTTP, HTTPS, PROXY = 80, 443, 3128
_ORIGIN, _ORIGIN_PORT, _CLOSED_PORT = "127.0.0.1", 8081, 8082
_PAGE = web.HEALTHY_PAGE.encode()
_BIG = ("--path", "/big", "--http-version", "1.1", "--host", certificates.NAME)
_HEAD_AND_NO_CONTENT = ("--method", "HEAD", "--next", "--path", "/empty")
_SHA256 = ("--sha256", hashlib.sha256(_PAGE).hexdigest())
_ALL_AT_ONCE = (
    *("--host", certificates.NAME, "--status", "200", "--status", "300-302", "--response-header", "x-health: up"),
    *("--md5", hashlib.md5(_PAGE).hexdigest(), *_SHA256, "--contains", "is healthy", "--regex", "^the .* healthy$"),
)
_WRONG_ANSWERS = (
    Wrong("it is out of order", Reason.STATUS, ("--path", "/down"), "503"),
    Wrong("there is no such page", Reason.STATUS, ("--path", "/none"), "404"),
    Wrong("redirects are not followed", Reason.STATUS, ("--path", "/moved"), "301"),
    Wrong("the header is another one", Reason.HEADER, ("--response-header", "X-Health: down"), "x-health"),
    Wrong("it says something else", Reason.BODY, ("--body", "ok")),
    Wrong("that word is not in it", Reason.BODY, ("--contains", "unhealthy")),
    Wrong("it has another digest", Reason.DIGEST, (*_SHA256, *_BIG)),
    Wrong("the pattern matches nowhere", Reason.REGEX, ("--regex", "^healthy")),
    Wrong("the pattern matches", Reason.REGEX, ("--regex", "healthy", "--regex-no-match")),
    Wrong("another site has another page", Reason.BODY, ("--host", certificates.OTHER_NAME, "--contains", "healthy")),
)
_OUT_OF_ORDER = Wrong("it is out of order", Reason.STATUS, ("--path", "/down"), "503")


def _proxy(host: Host, addresses: Sequence[str]) -> Daemon:
    origin = web.nginx(host, [_ORIGIN], _ORIGIN_PORT, HTTPS)
    proxy = web.tinyproxy(host, addresses, PROXY, refused="forbidden")
    proxy.origins.append(origin)
    return proxy


def _url(path: str = "/", port: int = _ORIGIN_PORT, host: str = _ORIGIN) -> tuple[str, ...]:
    return ("--url", f"http://{host}:{port}{path}")


ROWS = (
    Row("tcp", web.nginx, HTTP),
    Row(
        "http",
        web.nginx,
        HTTP,
        _ALL_AT_ONCE,
        (*_WRONG_ANSWERS, Wrong("it speaks TLS", Reason.STATUS, port=HTTPS)),
        also=(_BIG, _HEAD_AND_NO_CONTENT),
    ),
    Row("http", web.haproxy, HTTP, ("--contains", "healthy"), (_OUT_OF_ORDER,), name="haproxy"),
    Row(
        "https",
        web.nginx,
        HTTPS,
        (*VERIFIED, *_ALL_AT_ONCE),
        (*_WRONG_ANSWERS, OTHER_NAME, Wrong("no TLS there", Reason.TLS, port=HTTP)),
        also=(_BIG, _HEAD_AND_NO_CONTENT),
    ),
    Row(
        "https",
        web.haproxy,
        HTTPS,
        (*VERIFIED, "--tls-require-alpn", "http/1.1", "--contains", "healthy"),
        (_OUT_OF_ORDER, Wrong("it does not speak that", Reason.TLS, ("--tls-require-alpn", "spdy/1"))),
        name="haproxy",
    ),
    Row(
        "http_proxy",
        _proxy,
        PROXY,
        (*_url(), "--contains", "healthy"),
        (
            Wrong("the origin is out of order", Reason.STATUS, _url("/down"), "503"),
            Wrong("the origin is not there", Reason.STATUS, _url(port=_CLOSED_PORT), "50"),
            Wrong("it must not ask that host", Reason.STATUS, _url(host="forbidden"), "403"),
            Wrong("the page says something else", Reason.BODY, (*_url(), "--contains", "unhealthy")),
        ),
    ),
)
