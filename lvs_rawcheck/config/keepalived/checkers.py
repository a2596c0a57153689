# SPDX-License-Identifier: GPL-2.0-or-later
"""Checkers: what each is told, and what it takes from its real server (check/check_api.c and check_*.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lvs_rawcheck.config.keepalived.addresses import PORT_MAX, first_address
from lvs_rawcheck.config.keepalived.blocks import Block, Statement
from lvs_rawcheck.config.keepalived.model import Checker, Connection, Script, Timers, Url
from lvs_rawcheck.config.keepalived.numbers import read_number
from lvs_rawcheck.config.keepalived.values import Values
from lvs_rawcheck.config.keepalived.words import script_words
from lvs_rawcheck.config.tree import to_text

_RETRY_DEFAULT = {"MISC_CHECK": 0, "DNS_CHECK": 3}
_RETRY_DEFAULT_OTHERS = 1
_HTTP = ("HTTP_GET", "SSL_GET")
_DELAY_BEFORE_RETRY_HTTP = 3.0
_DELAY_BEFORE_RETRY = 1.0
_WITHOUT_CONNECTION = ("MISC_CHECK", "FILE_CHECK", "BFD_CHECK")
_INTERFACE_NAME_MAX = 15  # IFNAMSIZ without its NUL
_STATUS_MIN, _STATUS_MAX = 100, 599
_STATUS_DEFAULT = (200, 299)
_DIGEST_DIGITS = 32
_WEIGHT_LIMIT = (1 << 31) - 1
_MISC_TIMEOUT_MAX = ((1 << 32) - 1) // 1_000_000
_HTTP_PROTOCOLS = {"1.0": "1.0", "1.1": "1.1", "1.0C": "1.0C", "1.0c": "1.0C"}
_Value = TypeVar("_Value")
_DNS_TYPES = ("A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "RRSIG", "DNSKEY")


class Inherited:
    """What a checker falls back to: its real server's times, the virtual server's filled in."""

    __slots__ = ("alpha", "connect_timeout", "delay_loop", "timers")

    def __init__(self, timers: Timers, delay_loop: float, connect_timeout: float, alpha: bool) -> None:
        self.timers = timers
        self.delay_loop = delay_loop
        self.connect_timeout = connect_timeout
        self.alpha = alpha


def build_checker(block: Block, inherited: Inherited, values: Values) -> Checker:
    """Return the checker that a block sets up."""
    kind = block.keyword
    own, connection = Timers(), Connection()
    rest: list[Statement] = []
    for child in block.children:
        if not values.timing(own, child, strict_retry=False) and not _connects(connection, child, values):
            rest.append(child)
        if isinstance(child, Block) and kind == "SMTP_CHECK":
            _take_times_of_host(own, child, values)
    checker = _in_force(block, own, connection, inherited)
    read_own = _OWN.get(kind)
    for child in rest:
        if read_own is not None:
            read_own(checker, child, values)
    _judge(checker, values)
    return checker


def _take_times_of_host(own: Timers, host: Block, values: Values) -> None:
    """Take what a host of SMTP_CHECK's says for the whole checker: all times but connect_timeout, which is its own."""
    for child in host.children:
        if child.keyword != "connect_timeout":
            values.timing(own, child, strict_retry=False)


def _in_force(block: Block, own: Timers, connection: Connection, inherited: Inherited) -> Checker:
    """Return the checker with its times, as validate_check_config of check_data.c fills them in."""
    kind, theirs = block.keyword, inherited.timers
    delay_loop = inherited.delay_loop if own.delay_loop is None else own.delay_loop
    default_delay = _DELAY_BEFORE_RETRY_HTTP if kind in _HTTP else _DELAY_BEFORE_RETRY
    if kind == "DNS_CHECK":
        default_delay = delay_loop
    timeout = inherited.connect_timeout if own.connect_timeout is None else own.connect_timeout
    return Checker(
        block=block,
        kind=kind,
        retry=_first(own.retry, theirs.retry, _RETRY_DEFAULT.get(kind, _RETRY_DEFAULT_OTHERS)),
        delay_before_retry=_first(own.delay_before_retry, theirs.delay_before_retry, default_delay),
        delay_loop=delay_loop,
        warmup=_first(own.warmup, theirs.warmup, delay_loop),
        alpha=inherited.alpha if own.alpha is None else own.alpha,
        connect_timeout=None if kind in _WITHOUT_CONNECTION else timeout,
        own=own,
        connection=connection,
    )


def _first(own: _Value | None, inherited: _Value | None, default: _Value) -> _Value:
    if own is not None:
        return own
    return default if inherited is None else inherited


def _connects(connection: Connection, statement: Statement, values: Values) -> bool:
    """Take what says where a checker connects to and from; return whether the statement did."""
    keyword = statement.keyword
    if keyword in ("connect_ip", "bindto"):
        word = values.word(statement)
        address = None if word is None else first_address(word)
        if word is not None and address is None:
            values.wrong(statement, f"{word!r} is no address")
        setattr(connection, keyword, address)
    elif keyword in ("connect_port", "bind_port"):
        port = values.number(statement, 1, PORT_MAX)
        setattr(connection, keyword, getattr(connection, keyword) if port is None else port)
    elif keyword == "bind_if":
        name = values.word(statement)
        if name is not None and len(name) > _INTERFACE_NAME_MAX:
            values.wrong(statement, f"{name!r} is too long for an interface")
        else:
            connection.bind_if = name
    elif keyword == "fwmark":
        mark = values.number(statement, 0)
        connection.fwmark = connection.fwmark if mark is None else mark
    else:
        return False
    return True


def _http(checker: Checker, statement: Statement, values: Values) -> None:
    keyword = statement.keyword
    if isinstance(statement, Block):
        url = _url(statement, values)
        if url is not None:
            checker.urls.append(url)
    elif keyword == "nb_get_retry":
        retry = values.number(statement, 0)
        checker.retry = checker.retry if retry is None else retry
        checker.own.retry = checker.own.retry if retry is None else retry
    elif keyword in ("virtualhost", "sni_name"):
        checker.parameters[keyword] = values.word(statement)
    elif keyword == "http_protocol":
        word = values.word(statement)
        if word in _HTTP_PROTOCOLS:
            checker.parameters[keyword] = _HTTP_PROTOCOLS[word]
        elif word is not None:
            values.wrong(statement, f"{word!r} is none of 1.0, 1.0C, 1.1")
    else:
        switch = values.switch(statement)
        if switch is not None:
            checker.parameters[keyword] = switch


def _url(block: Block, values: Values) -> Url | None:
    """Return one url, None if keepalived leaves it out for want of a path."""
    url = Url(block=block, path="")
    for child in block.children:
        _take_of_url(url, child, values)
    if not url.path and not block.all("path"):
        values.findings.error(block.span, "value", "the url has no path: keepalived ignores it")
        return None
    if not url.status:
        url.status = [_STATUS_DEFAULT]
    return url


def _take_of_url(url: Url, statement: Statement, values: Values) -> None:
    keyword = statement.keyword
    if keyword == "path":
        url.path = values.word(statement) or ""
    elif keyword == "virtualhost":
        url.virtualhost = values.word(statement)
    elif keyword == "digest":
        _take_digest(url, statement, values)
    elif keyword == "status_code":
        for word in statement.arguments:
            _take_status(url, word, statement, values)
    elif keyword == "regex":
        words = script_words(to_text(statement.line.text))
        if words is not None and len(words) == 2:
            url.regex = words[1]
        else:
            values.wrong(statement, "keepalived ignores it: it takes one word, in quotes if blanks are in it")
    elif keyword == "regex_no_match":
        url.regex_no_match = True
    elif keyword == "regex_options":
        url.regex_options.extend(statement.arguments)
    elif keyword in ("regex_min_offset", "regex_max_offset"):
        setattr(url, keyword, values.number(statement, 0))
    elif keyword == "regex_stack":
        _take_regex_stack(url, statement, values)
    elif keyword == "tls_compliant":
        url.tls_compliant = True


def _take_regex_stack(url: Url, statement: Statement, values: Values) -> None:
    numbers = [read_number(word, 0, _WEIGHT_LIMIT)[0] for word in statement.arguments]
    if len(numbers) == 2 and numbers[0] is not None and numbers[1] is not None:
        url.regex_stack = numbers[0], numbers[1]
    else:
        values.wrong(statement, "it takes two numbers")


def _take_digest(url: Url, statement: Statement, values: Values) -> None:
    word = values.word(statement)
    if word is None:
        return
    if url.digest is not None:
        values.wrong(statement, "there is one already, and keepalived takes the first")
    elif len(word) != _DIGEST_DIGITS or not all(digit in "0123456789abcdefABCDEF" for digit in word):
        values.wrong(statement, f"{word!r} is no MD5 digest of {_DIGEST_DIGITS} hexadecimal digits")
    else:
        url.digest = word.lower()


def _take_status(url: Url, word: str, statement: Statement, values: Values) -> None:
    low, dash, high = word.partition("-")
    first, complaint = read_number(low, _STATUS_MIN, _STATUS_MAX)
    last, complaint_too = read_number(high if dash else low, _STATUS_MIN, _STATUS_MAX)
    if complaint or complaint_too or first is None or last is None or first > last:
        values.wrong(statement, f"{word!r} is no status code, nor a range of them")
    else:
        url.status.append((first, last))


def _misc(checker: Checker, statement: Statement, values: Values) -> None:
    keyword = statement.keyword
    if keyword == "misc_path":
        words = script_words(to_text(statement.line.text))
        inner = script_words(words[1]) if words is not None and len(words) > 1 else None
        user, group = (checker.script.user, checker.script.group) if checker.script else (None, None)
        if inner:
            checker.script = Script(statement, inner, user, group)
        if words is not None and len(words) > 2:
            values.wrong(statement, f"keepalived runs it without {' '.join(words[2:])!r}: quotes are missing")
    elif keyword == "misc_timeout":
        timeout = values.number(statement, 0, _MISC_TIMEOUT_MAX)
        if timeout is not None:
            checker.parameters[keyword] = timeout
    elif keyword == "misc_dynamic":
        checker.parameters[keyword] = True
    elif keyword == "user" and values.word(statement) is not None:
        checker.parameters["user"] = statement.words[1]
        checker.parameters["group"] = statement.words[2] if len(statement.words) > 2 else None


def _smtp(checker: Checker, statement: Statement, values: Values) -> None:
    if isinstance(statement, Block):
        host = Connection()
        for child in statement.children:
            if child.keyword == "connect_timeout":
                host.connect_timeout = values.connect_timeout(child) or host.connect_timeout
            else:
                _connects(host, child, values)
        checker.hosts.append(host)
    elif statement.keyword == "helo_name":
        checker.parameters["helo_name"] = values.word(statement)


def _dns(checker: Checker, statement: Statement, values: Values) -> None:
    word = values.word(statement)
    if word is None:
        return
    if statement.keyword == "type":
        if word in _DNS_TYPES:
            checker.parameters["type"] = word
        else:
            values.wrong(statement, f"keepalived does not know the type {word!r}")
    elif "name" in checker.parameters:
        values.wrong(statement, "there is one already, and keepalived takes the first")
    elif ".." in word or (word.startswith(".") and word != "."):
        values.wrong(statement, f"{word!r} has an empty label")
    else:
        checker.parameters["name"] = word


def _udp(checker: Checker, statement: Statement, values: Values) -> None:
    keyword = statement.keyword
    if keyword in ("payload", "require_reply"):
        checker.parameters[keyword] = " ".join(statement.arguments)
    else:
        length = values.strict_number(statement, 0)
        if length is not None:
            checker.parameters[keyword] = length


def _file(checker: Checker, statement: Statement, values: Values) -> None:
    word = values.word(statement)
    if word is None:
        return
    if statement.keyword == "track_file":
        checker.parameters["track_file"] = word
    else:
        checker.parameters["weight"] = _signed(word)
        checker.parameters["reverse"] = statement.words[2:3] == ["reverse"]


def _signed(word: str) -> int | None:
    return read_number(word, -_WEIGHT_LIMIT, _WEIGHT_LIMIT)[0]


def _bfd(checker: Checker, statement: Statement, values: Values) -> None:
    if statement.keyword == "name":
        checker.parameters["name"] = values.word(statement)


_OWN: dict[str, Callable[[Checker, Statement, Values], None]] = {
    "HTTP_GET": _http,
    "SSL_GET": _http,
    "MISC_CHECK": _misc,
    "SMTP_CHECK": _smtp,
    "DNS_CHECK": _dns,
    "UDP_CHECK": _udp,
    "FILE_CHECK": _file,
    "BFD_CHECK": _bfd,
}


def _judge(checker: Checker, values: Values) -> None:
    """Fill in what depends on all of the block, and say if keepalived runs the checker at all."""
    if checker.kind in _HTTP and not checker.urls:
        checker.dropped = "it has no url"
    elif checker.kind == "MISC_CHECK":
        if checker.script is None:
            checker.dropped = "it has no script"
        else:
            user, group = checker.parameters.get("user"), checker.parameters.get("group")
            checker.script.user = user if isinstance(user, str) else None
            checker.script.group = group if isinstance(group, str) else None
    elif checker.kind == "FILE_CHECK" and "track_file" not in checker.parameters:
        checker.dropped = "it has no track_file"
    elif checker.kind == "SMTP_CHECK" and checker.hosts and _sets_anything(checker):
        checker.hosts.insert(0, checker.connection)
    if checker.dropped is not None:
        values.findings.error(checker.block.span, "dropped", f"keepalived drops this {checker.kind}: {checker.dropped}")


def _sets_anything(checker: Checker) -> bool:
    connection = checker.connection
    set_there = (connection.connect_ip, connection.connect_port, connection.bindto, connection.bind_port)
    return any(set_there) or bool(connection.bind_if or connection.fwmark or checker.own.connect_timeout)
