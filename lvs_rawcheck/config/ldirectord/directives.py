# SPDX-License-Identifier: GPL-2.0-or-later
"""What ldirectord knows: each directive, where it may stand, how its value is taken, and the line of the program.

Lines are those of ldirectord 1.186 (resource-agents 4.12.0); defaults: set_defaults (1276) and read_config (1368).
"""

from __future__ import annotations

from dataclasses import dataclass

from lvs_rawcheck.config.ldirectord import kinds, model
from lvs_rawcheck.config.ldirectord.choices import (
    check_type,
    first_word,
    http_method,
    mail_address,
    mail_server,
    mail_states,
    virtual_host,
)
from lvs_rawcheck.config.ldirectord.numbers import (
    any_number,
    leading_number,
    netmask_ipv4,
    netmask_ipv6,
    number_above_zero,
    number_but_not_a_single_zero,
    port_number,
)
from lvs_rawcheck.config.ldirectord.values import (
    Reader,
    Refused,
    Value,
    as_written,
    bare,
    bare_name,
    bare_or_empty,
    command_path,
    quote,
    quoted,
    quoted_or_bare,
    quoted_or_empty,
    quoted_word,
    yes_or_no,
)

SERVICES = frozenset(
    (
        "dns",
        "ftp",
        "http",
        "https",
        "http_proxy",
        "imap",
        "imaps",
        "ldap",
        "ldaps",
        "nntp",
        "mysql",
        "none",
        "oracle",
        "pop",
        "pops",
        "radius",
        "pgsql",
        "sip",
        "smtp",
        "submission",
        "simpletcp",
    )
)
CHECKTYPES = frozenset(
    (model.CONNECT, model.NEGOTIATE, model.PING, model.OFF, model.ON, model.EXTERNAL, model.EXTERNAL_PERL)
)
# What ldirectord checks on a port that the service is not named for (ld_port_to_service, 1860).
SERVICE_OF_PORT = {
    "21": "ftp",
    "25": "smtp",
    "53": "dns",
    "80": "http",
    "110": "pop",
    "119": "nntp",
    "143": "imap",
    "389": "ldap",
    "443": "https",
    "587": "submission",
    "636": "ldaps",
    "993": "imaps",
    "995": "pops",
    "1521": "oracle",
    "1812": "radius",
    "3128": "http_proxy",
    "3306": "mysql",
    "5060": "sip",
    "5432": "pgsql",
}
CHECKTIMEOUT_DEFAULT = 5  # seconds, 1284
NEGOTIATETIMEOUT_DEFAULT = 30  # seconds, 1285
CHECKINTERVAL_DEFAULT = 10  # seconds, 1281


def _deprecated(successors: str) -> Reader:
    def refuse(_: bytes) -> Value:
        raise Refused(kinds.DEPRECATED, f"it is not accepted any more, use {successors}")

    return refuse


@dataclass(frozen=True, slots=True)
class Rule:
    """How one directive is read."""

    name: str
    reader: Reader
    line: int
    """Of the program."""


def _table(*rules: Rule) -> dict[str, Rule]:
    return {rule.name: rule for rule in rules}


GLOBAL = _table(
    Rule("checktimeout", number_above_zero, 1676),
    Rule("connecttimeout", _deprecated("negotiatetimeout"), 1680),
    Rule("negotiatetimeout", number_above_zero, 1685),
    Rule("checkinterval", number_but_not_a_single_zero, 1689),
    Rule("checkcount", number_but_not_a_single_zero, 1693),
    Rule("failurecount", number_but_not_a_single_zero, 1698),
    Rule("fallback", as_written, 1702),
    Rule("fallback6", as_written, 1702),
    Rule("fallbackcommand", bare, 1713),
    Rule("autoreload", yes_or_no, 1716),
    Rule("callback", quoted_or_empty, 1721),
    Rule("logfile", quoted_or_empty, 1723),
    Rule("execute", bare_or_empty, 1731),
    Rule("fork", yes_or_no, 1733),
    Rule("supervised", yes_or_no, 1737),
    Rule("quiescent", yes_or_no, 1752),
    Rule("readdquiescent", yes_or_no, 1757),
    Rule("emailalert", mail_address, 1762),
    Rule("emailalertfreq", leading_number, 1764),
    Rule("emailalertstatus", mail_states, 1768),
    Rule("emailalertfrom", bare_name, 1770),
    Rule("cleanstop", yes_or_no, 1774),
    Rule("smtp", mail_server, 1778),
    Rule("maintenancedir", bare_name, 1782),
    Rule("timeout", _deprecated("checktimeout and negotiatetimeout"), 1788),
)

VIRTUAL = _table(
    Rule("real", as_written, 1413),
    Rule("real6", as_written, 1413),
    Rule("request", quoted, 1419),
    Rule("receive", quoted, 1426),
    Rule("checktype", check_type(CHECKTYPES), 1429),
    Rule("checkcommand", command_path, 1438),
    Rule("checktimeout", number_but_not_a_single_zero, 1441),
    Rule("connecttimeout", _deprecated("negotiatetimeout"), 1444),
    Rule("negotiatetimeout", number_but_not_a_single_zero, 1449),
    Rule("checkcount", number_but_not_a_single_zero, 1452),
    Rule("failurecount", number_but_not_a_single_zero, 1456),
    Rule("checkinterval", number_but_not_a_single_zero, 1459),
    Rule("checkport", port_number, 1462),
    Rule("login", quoted, 1466),
    Rule("passwd", quoted, 1469),
    Rule("database", quoted, 1472),
    Rule("secret", quoted, 1475),
    Rule("load", quoted_word, 1478),
    Rule("scheduler", first_word(rb"[a-z]+"), 1481),
    Rule("persistent", any_number, 1500),
    Rule("schedflags", first_word(rb"\S+"), 1503),
    Rule("netmask", as_written, 1506),
    Rule("protocol", first_word(rb"\w+"), 1518),
    Rule("ops", yes_or_no, 1536),
    Rule("service", first_word(rb"\w+", SERVICES), 1542),
    Rule("httpmethod", http_method, 1594),
    Rule("virtualhost", virtual_host, 1598),
    Rule("fallback", as_written, 1602),
    Rule("fallback6", as_written, 1602),
    Rule("fallbackcommand", quoted_or_bare, 1611),
    Rule("quiescent", yes_or_no, 1615),
    Rule("emailalert", mail_address, 1619),
    Rule("emailalertfreq", leading_number, 1622),
    Rule("emailalertstatus", mail_states, 1625),
    Rule("monitorfile", quoted_or_bare, 1627),
    Rule("cleanstop", yes_or_no, 1634),
    Rule("smtp", mail_server, 1638),
    Rule("servicename", as_written, 1641),
    Rule("comment", as_written, 1643),
)
_NETMASK = {4: netmask_ipv4, 6: netmask_ipv6}


def reader_of(rule: Rule, family: int) -> Reader:
    """Return how a directive of a block is read; a netmask depends on the block's family."""
    return _NETMASK[family] if rule.name == "netmask" else rule.reader


def describe_unknown(name: str, table: dict[str, Rule]) -> str:
    """Return what is to be said of a name that is not in a table."""
    other, where = (VIRTUAL, "inside") if table is GLOBAL else (GLOBAL, "outside")
    shown = quote(name.encode("utf-8", "surrogateescape"))
    if name in other:
        return f"{shown} is known only {where} a block"
    return f"{shown} is unknown"
