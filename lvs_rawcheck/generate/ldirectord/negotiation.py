# SPDX-License-Identifier: GPL-2.0-or-later
"""A negotiation of ldirectord's, as a check of ours: one function a service, after its check_* function.

What there is no certain translation of is Refused. An empty text and `0` are false to Perl.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lvs_rawcheck.config.ldirectord.model import TCP, UDP, Virtual
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.check_text import CheckText, Value
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.wire.address import IPV4_OCTETS, parse_address

_AS_THEY_ARE_IN_URLS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789;/?:@&=+$,-_.!~*'()%")
"""URI.pm writes every other octet as `%` and two digits; square brackets, too, from version 5.11 on."""
_PERL_FALSE = ("", "0")
_IN_NUMBERS_ONLY = frozenset("0123456789./")

_EACH_STEP = "negotiatetimeout was granted to each step of the conversation, and is now to all of it"
_REDIRECTS = "a redirect, which ldirectord follows, is a status like any other now, and fails"
_NO_VIRTUALHOST = (
    "no virtualhost: the Host header is each real server's own address, as before, though it is the VIP that is asked"
)
_GREETING = "without a login ldirectord called the server up, connected or not; now it must greet"
_FTP = (
    "ftp: the login is checked, and no file is fetched any more, which takes a second connection: request and receive"
    " count no more"
)
_FTP_ALWAYS_UP = "without receive ldirectord called the server up, whatever it did; now a login must pass"
_ORACLE = (
    "oracle: the connection alone is checked now, since login and query take Oracle's own client library: a database"
    " that answers no query stays in"
)
LOSSES = frozenset((_FTP, _ORACLE))
"""The notes that say what nobody checks any more."""
_NO_TIME_LIMIT = "login and query had no time limit, and have negotiatetimeout now"

Values = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one real server is asked. request, receive: its own or the virtual's; port: 0 where there is none."""

    virtual: Virtual
    address: str
    port: int
    request: str
    receive: str
    own_request: bool
    """Whether request and receive are its own."""


@dataclass(frozen=True, slots=True)
class Negotiation:
    """A check of ours. notes: what is not quite as it was, a sentence each."""

    check: CheckText
    notes: tuple[str, ...] = ()


def negotiation(asked: Asked) -> Negotiation:
    """Return what a virtual's negotiation asks of a real server; Refused."""
    return _FUNCTIONS[asked.virtual.service](asked)


def _after_slash(asked: Asked) -> str:
    """Return a request without the slash that ldirectord puts before each."""
    return asked.request.removeprefix("/")


def _given(**values: str) -> Values:
    """Return the texts that are not empty."""
    return tuple((name, value) for name, value in values.items() if value)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _http(asked: Asked) -> Negotiation:
    """check_http: 2xx, and the content matches. The URL is of the real server's address, and so no name for TLS."""
    virtual, scheme = asked.virtual, asked.virtual.service
    if asked.own_request and f"{scheme}://" in asked.request:
        raise Refused(f"its request is a whole URL ({asked.request[:80]}): ldirectord asks whom that names")
    host = _bracketed(asked.address) if virtual.virtualhost is None else virtual.virtualhost
    values = (("path", _escaped(asked.request)), ("host", host), *_http_expectations(asked))
    notes = (_REDIRECTS,) if virtual.virtualhost is not None else (_REDIRECTS, _NO_VIRTUALHOST)
    return Negotiation(CheckText(scheme, values), notes)


def _http_proxy(asked: Asked) -> Negotiation:
    """check_http with a proxy: the URL as it stands, and no Host header but the URL's."""
    url = _after_slash(asked)
    if asked.own_request and "http://" not in url:
        url = f"http://{_bracketed(asked.address)}:{asked.port}/{url}"
    return Negotiation(CheckText("http_proxy", (("url", _escaped(url)), *_http_expectations(asked))), (_REDIRECTS,))


def _http_expectations(asked: Asked) -> Values:
    values: list[tuple[str, Value]] = [("http_version", "1.1")]
    if asked.virtual.httpmethod != "GET":
        values.append(("method", asked.virtual.httpmethod))
    if asked.receive:
        values += [("regex", asked.receive), ("regex_dialect", "perl")]
    return tuple(values)


def _escaped(url: str) -> str:
    """Return a URL as URI.pm makes it of a text (URI::_init)."""
    octets = url.strip(" \t\n\r\f\v").encode("utf-8", "surrogateescape")
    return "".join(chr(octet) if octet in _AS_THEY_ARE_IN_URLS else f"%{octet:02X}" for octet in octets)


def _smtp(asked: Asked) -> Negotiation:
    """check_smtp: Net::SMTP connects, reads the banner, and says EHLO."""
    return Negotiation(CheckText(asked.virtual.service, (("hello", "ehlo"),)), (_EACH_STEP,))


def _pop(asked: Asked) -> Negotiation:
    notes = (_EACH_STEP,) if asked.virtual.login else (_EACH_STEP, _GREETING)
    return Negotiation(CheckText(asked.virtual.service, _login(asked.virtual)), notes)


def _imap(asked: Asked) -> Negotiation:
    return Negotiation(CheckText(asked.virtual.service, _login(asked.virtual)), (_EACH_STEP,))


def _login(virtual: Virtual) -> Values:
    """Return who logs in; an empty password is one, too."""
    return (("login", virtual.login), ("password", virtual.passwd)) if virtual.login else ()


def _ldap(asked: Asked) -> Negotiation:
    """check_ldap: a bind, anonymous unless there are both login and password, and the entry that is asked for."""
    virtual = asked.virtual
    binds = virtual.login not in _PERL_FALSE and virtual.passwd not in _PERL_FALSE
    values = (*(_login(virtual) if binds else ()), *_given(request=_after_slash(asked), receive=asked.receive))
    dialect: Values = (("regex_dialect", "perl"),) if asked.receive else ()
    return Negotiation(CheckText(virtual.service, (*values, *dialect)))


def _nntp(asked: Asked) -> Negotiation:
    return Negotiation(CheckText("nntp"), (_EACH_STEP,))


def _radius(asked: Asked) -> Negotiation:
    virtual = asked.virtual
    return Negotiation(CheckText("radius", _given(login=virtual.login, password=virtual.passwd, secret=virtual.secret)))


def _sql(asked: Asked) -> Negotiation:
    """check_sql: a login, and a query that brings a row. libpq asks for TLS, and goes on without (sslmode=prefer)."""
    virtual, query = asked.virtual, _demanded_query(asked)
    if ";" in virtual.database:
        raise Refused("a ; in the name of the database begins another setting of the connection")
    values: Values = (*_login(virtual), *_given(database=virtual.database, request=query))
    if virtual.service == "pgsql":
        values += (("tls_if_offered", True),)
    return Negotiation(CheckText(virtual.service, values), (_NO_TIME_LIMIT,))


def _demanded_query(asked: Asked) -> str:
    """Return what a database is asked; Refused."""
    virtual, query = asked.virtual, _after_slash(asked)
    if virtual.login in _PERL_FALSE or query in _PERL_FALSE:
        raise Refused(f"{virtual.service} needs a login and a request: without, ldirectord calls every server down")
    return query


def _oracle(asked: Asked) -> Negotiation:
    """check_sql, too: what there is no translation of is said, and there must have been something to lose."""
    _demanded_query(asked)
    return Negotiation(CheckText("oracle"), (_ORACLE,))


def _simpletcp(asked: Asked) -> Negotiation:
    if asked.virtual.protocol == UDP:
        raise Refused("simpletcp of a udp virtual sends datagrams, and the check here speaks tcp")
    return Negotiation(CheckText("simpletcp", _given(request=_after_slash(asked), receive=asked.receive)))


def _sip(asked: Asked) -> Negotiation:
    virtual = asked.virtual
    if not virtual.login:
        raise Refused("without a login and without a line service=sip, ldirectord asks for no address at all")
    protocol = UDP if virtual.protocol == UDP else TCP
    return Negotiation(CheckText("sip", (("login", virtual.login), ("protocol", protocol))))


def _ftp(asked: Asked) -> Negotiation:
    """check_ftp: a login whose end nobody asks for, and a file that matches."""
    if not asked.virtual.login:
        raise Refused("without a login and without a line service=ftp, ldirectord logs in with an empty name")
    notes = (_EACH_STEP, _FTP) if asked.receive else (_EACH_STEP, _FTP, _FTP_ALWAYS_UP)
    return Negotiation(CheckText("ftp", _login(asked.virtual)), notes)


def _dns(asked: Asked) -> Negotiation:
    """check_dns: Net::DNS's search for an address or, of an address, for its name; one answer must match receive."""
    name = _after_slash(asked)
    if not asked.receive:
        raise Refused("dns needs a receive: without, ldirectord calls every server down")
    values: Values = (("name", name), ("type", _question_type(name)), ("receive", asked.receive))
    if asked.virtual.protocol == TCP:
        values += (("protocol", TCP),)
    return Negotiation(CheckText("dns", values))


def _question_type(name: str) -> str:
    """Return what Net::DNS asks for: of an address its name."""
    try:
        is_address = len(parse_address(name)) >= IPV4_OCTETS
    except UsageError:
        is_address = False
    if is_address:
        return "PTR"
    if "." not in name:
        raise Refused(f"{name!r} has no dot: ldirectord asks for it with the search list of resolv.conf")
    if ":" in name or _IN_NUMBERS_ONLY.issuperset(name):
        raise Refused(f"{name!r} is a prefix to ldirectord, of which it asks for the zone's name")
    return "A"


_FUNCTIONS: dict[str, Callable[[Asked], Negotiation]] = {
    "dns": _dns,
    "ftp": _ftp,
    "http": _http,
    "https": _http,
    "http_proxy": _http_proxy,
    "imap": _imap,
    "imaps": _imap,
    "ldap": _ldap,
    "ldaps": _ldap,
    "mysql": _sql,
    "nntp": _nntp,
    "oracle": _oracle,
    "pgsql": _sql,
    "pop": _pop,
    "pops": _pop,
    "radius": _radius,
    "simpletcp": _simpletcp,
    "sip": _sip,
    "smtp": _smtp,
    "submission": _smtp,
}
SERVICES = tuple(_FUNCTIONS)
