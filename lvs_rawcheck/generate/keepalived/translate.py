# SPDX-License-Identifier: GPL-2.0-or-later
"""A checker of keepalived's, as checks of ours: the raw ones, and the standard one that it was.

One function a checker, in the words of check_*.c. What there is no certain translation of is Refused; what is no
statement about the service on the data path (MISC_CHECK, BFD_CHECK, FILE_CHECK) is Kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lvs_rawcheck.checks.http.kind import BODY_LIMIT_DEFAULT, BODY_LIMIT_MAX
from lvs_rawcheck.config.keepalived.model import Checker, Connection, RealServer, Url, VirtualServer
from lvs_rawcheck.generate.check_text import CheckText, Value
from lvs_rawcheck.generate.refusal import Kept, Refused

_CHUNKS = (
    "of an answer in chunks, keepalived took digest and regex with the chunks' sizes; here they are of the content"
)
_STATUS_DEFAULT = [(200, 299)]


@dataclass(frozen=True, slots=True)
class Translation:
    """What a checker says. phases: how many times it grants connect_timeout, in one run of ours."""

    checks: tuple[CheckText, ...]
    phases: int
    port: int
    """Where it connected to; 0: to no port."""
    way: tuple[tuple[str, str | int], ...] = ()
    """How its own connections go, in the registry's words, where that is not simply to the real server's address."""
    elsewhere: str | None = None
    """The address that it asked instead of the real server's."""
    notes: tuple[str, ...] = ()
    """What is not quite the same, a sentence each."""


def translate(checker: Checker, server: RealServer, virtual: VirtualServer) -> Translation:
    """Return what a checker says; Refused, Kept."""
    if checker.kind in _KEPT:
        raise Kept(f"{checker.kind} {_KEPT[checker.kind]}")
    if checker.dropped is not None:
        raise Refused(f"keepalived drops this {checker.kind}: {checker.dropped}")
    translator = _TRANSLATORS.get(checker.kind)
    if translator is None:
        raise Kept(f"{checker.kind} is unknown here")
    checks, phases, notes = translator(checker, server, virtual)
    connection = _connection(checker)
    return Translation(
        checks,
        phases,
        connection.connect_port or server.port,
        _way(connection, server),
        connection.connect_ip if connection.connect_ip != server.address else None,
        notes,
    )


def _connection(checker: Checker) -> Connection:
    if len(checker.hosts) > 1:
        raise Refused(f"{checker.kind} stands for {len(checker.hosts)} checkers, one a host")
    return checker.hosts[0] if checker.hosts else checker.connection


def _way(connection: Connection, server: RealServer) -> tuple[tuple[str, str | int], ...]:
    way: list[tuple[str, str | int]] = []
    if connection.connect_ip not in (None, server.address):
        way.append(("connect_ip", connection.connect_ip or ""))
    if connection.connect_port not in (None, server.port):
        way.append(("connect_port", connection.connect_port or 0))
    rest = {
        "bindto": connection.bindto,
        "bind_port": connection.bind_port,
        "bind_if": connection.bind_if,
        "fwmark": connection.fwmark,
    }
    return (*way, *((key, value) for key, value in rest.items() if value))


_Translated = tuple[tuple[CheckText, ...], int, tuple[str, ...]]


def _tcp(checker: Checker, server: RealServer, virtual: VirtualServer) -> _Translated:
    return (CheckText("tcp"),), 1, ()


def _http(checker: Checker, server: RealServer, virtual: VirtualServer) -> _Translated:
    """One check a url. Connection, first octet and rest of the answer each had connect_timeout; TLS its handshake."""
    if checker.parameters.get("certificate") is not None:
        raise Refused(
            f"{checker.kind} shows servers the certificate of the SSL block, and a check here has none to show"
        )
    kind = "https" if checker.kind == "SSL_GET" else "http"
    checks = tuple(CheckText(kind, tuple(_url_values(url, checker, server, virtual))) for url in checker.urls)
    notes = [] if len(checks) < 2 else [f"all {len(checks)} urls are asked in each check, no longer one a round"]
    if checker.parameters.get("http_protocol") == "1.1" and any(url.digest or url.regex for url in checker.urls):
        notes.append(_CHUNKS)
    if not all(_host(url, checker, server, virtual) for url in checker.urls):
        notes.append("no virtualhost: its Host header was the real server's address and port, and is VIP and port now")
    return checks, (4 if kind == "https" else 3) * len(checks), tuple(notes)


def _host(url: Url, checker: Checker, server: RealServer, virtual: VirtualServer) -> str | None:
    own = checker.parameters.get("virtualhost")
    return url.virtualhost or (own if isinstance(own, str) else None) or server.virtualhost or virtual.virtualhost


def _url_values(url: Url, checker: Checker, server: RealServer, virtual: VirtualServer) -> list[tuple[str, Value]]:
    values: list[tuple[str, Value]] = [("path", url.path)]
    host = _host(url, checker, server, virtual)
    if host:
        values.append(("host", host))
    protocol = checker.parameters.get("http_protocol")
    if isinstance(protocol, str) and protocol != "1.0":
        values.append(("http_version", protocol))
    if url.status != _STATUS_DEFAULT:
        values.append(("status", tuple(str(low) if low == high else f"{low}-{high}" for low, high in url.status)))
    if url.digest is not None:
        values.append(("md5", url.digest))
    values += _regex_values(url)
    name = _server_name(url, checker, virtual)
    if name is not None:
        values.append(("sni", name))
    return values


def _server_name(url: Url, checker: Checker, virtual: VirtualServer) -> str | None:
    """Return the name that TLS is told, None for none: the real server's virtualhost is passed over (check_ssl.c)."""
    own, name = checker.parameters.get("virtualhost"), checker.parameters.get("sni_name")
    if checker.kind != "SSL_GET" or not (checker.parameters.get("enable_sni") or name):
        return None
    for each in (name, url.virtualhost, own, virtual.virtualhost):
        if isinstance(each, str):
            return each
    return None


def _regex_values(url: Url) -> list[tuple[str, Value]]:
    if url.regex is None:
        return []
    values: list[tuple[str, Value]] = [("regex", url.regex), ("regex_dialect", "pcre2"), ("regex_subject", "response")]
    if url.regex_no_match:
        values.append(("regex_no_match", True))
    if url.regex_options:
        values.append(("regex_options", tuple(url.regex_options)))
    for name in ("regex_min_offset", "regex_max_offset"):
        offset = getattr(url, name)
        if offset:
            values.append((name, offset))
    values += _body_limit(url)
    return values


def _body_limit(url: Url) -> list[tuple[str, Value]]:
    """Return how much of a body has to be kept for the offsets, where that is more than is anyway.

    keepalived keeps what it has to (check_http.c); beyond the most of ours the kind refuses the pattern.
    """
    furthest = max(url.regex_min_offset or 0, url.regex_max_offset or 0)
    if furthest <= BODY_LIMIT_DEFAULT:
        return []
    return [("body_limit", min(furthest + BODY_LIMIT_DEFAULT, BODY_LIMIT_MAX))]


def _smtp(checker: Checker, server: RealServer, virtual: VirtualServer) -> _Translated:
    """Connection, banner, answer to HELO, answer to QUIT: each within connect_timeout."""
    name = checker.parameters.get("helo_name")
    values: tuple[tuple[str, Value], ...] = (("helo_name", name),) if isinstance(name, str) else ()
    return (CheckText("smtp", values),), 4, ()


def _dns(checker: Checker, server: RealServer, virtual: VirtualServer) -> _Translated:
    given = ((key, checker.parameters.get(key)) for key in ("name", "type"))
    values = tuple((key, value) for key, value in given if isinstance(value, str))
    return (CheckText("dns", values),), 1, ()


def _udp(checker: Checker, server: RealServer, virtual: VirtualServer) -> _Translated:
    values: list[tuple[str, Value]] = []
    payload, required = checker.parameters.get("payload"), checker.parameters.get("require_reply")
    if isinstance(payload, str) and payload:
        values.append(("payload", payload))
    if isinstance(required, str):
        values.append(("require_reply", required or "any"))
    for name in ("min_reply_length", "max_reply_length"):
        length = checker.parameters.get(name)
        # Without octets that the reply must have, keepalived looks at no length (check_udp.c).
        if isinstance(length, int) and isinstance(required, str) and required:
            values.append((name, length))
    silent = "silence passes only while the VIP answers an echo: prove_vip = false for servers that filter it"
    return (CheckText("udp", tuple(values)),), 1, () if isinstance(required, str) else (silent,)


def _ping(checker: Checker, server: RealServer, virtual: VirtualServer) -> _Translated:
    return (CheckText("ping"),), 1, ()


_TRANSLATORS: dict[str, Callable[[Checker, RealServer, VirtualServer], _Translated]] = {
    "TCP_CHECK": _tcp,
    "HTTP_GET": _http,
    "SSL_GET": _http,
    "SMTP_CHECK": _smtp,
    "DNS_CHECK": _dns,
    "UDP_CHECK": _udp,
    "PING_CHECK": _ping,
}
_KEPT = {
    "MISC_CHECK": "is a script of the site's: kept",
    "BFD_CHECK": "asks no service: kept",
    "FILE_CHECK": "asks no service: kept",
}
