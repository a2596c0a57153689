# SPDX-License-Identifier: GPL-2.0-or-later
"""What the databases have in common: ldirectord's check_sql logs in, runs a query, and wants a row.

Login and query are both needed, as there. A statement without a result passes where it changed a row, as DBI's `rows`
counts it. ldirectord runs the statement twice, we do it once; it reads every row, we read RESULT_OCTETS_MOST.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.checks.credentials import PASSWORD_FILE
from lvs_rawcheck.checks.parameters import Parameter, utf8_octets
from lvs_rawcheck.checks.stream_kinds import secured_on_request
from lvs_rawcheck.checks.tls_parameters import TLS_PARAMETERS, demand_no_tls_parameters
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.base import Conversation
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.parameters import Values

RESULT_OCTETS_MOST = 1 << 20
"""How much of a result is read; a row that came before counts."""

SQL_PARAMETERS = (
    Parameter("login", "NAME", "log in as this user"),
    PASSWORD_FILE,
    Parameter("database", "NAME", "the database to use"),
    Parameter("request", "QUERY", "the query that must bring at least one row"),
    Parameter("tls", None, "ask for TLS before the login, and go on only with it"),
    Parameter("tls_if_offered", None, "ask for TLS before the login, and go on without it where the server has none"),
    *TLS_PARAMETERS,
)
_QUERY_OCTETS_MOST = 65536
_NAME_OCTETS_MOST = 1024
_OFFERS = ("sni", "tls_alpn")
"""What TLS is told without demanding anything of the server."""


class Refusal(Exception):
    """A login that the server asks for and we do not make; its text is the sentence."""


class Wishes:
    """What a check of a database was told. tls: wanted; tls_required: not to go on without it.

    verified: the server must show that it is who it should be, before it is told a password.
    """

    __slots__ = ("database", "login", "password", "query", "tls", "tls_required", "verified")

    def __init__(
        self,
        login: str,
        query: str,
        password: str = "",
        database: str = "",
        tls: bool = False,
        tls_required: bool = False,
        verified: bool = False,
    ) -> None:
        self.login = login
        self.query = query
        self.password = password
        self.database = database
        self.tls = tls
        self.tls_required = tls_required
        self.verified = verified


def prepare_sql(make: Callable[[Wishes], Conversation], values: Values) -> Step:
    """Return what makes conversations of a kind, the values judged; UsageError."""
    wishes = _wishes(values)
    if wishes.tls:
        return secured_on_request(lambda: make(wishes), values)
    demand_no_tls_parameters(values)
    return lambda: make(wishes)


def _wishes(values: Values) -> Wishes:
    login, query = values.text("login"), values.text("request")
    if not login or not query:
        raise UsageError("a database is checked by a login and a request that brings a row, such as 'SELECT 1'")
    if values.flag("tls") and values.flag("tls_if_offered"):
        raise UsageError("tls and tls-if-offered: give one or the other")
    password, database = values.text(PASSWORD_FILE.name) or "", values.text("database") or ""
    for what, text, most in (
        ("the login", login, _NAME_OCTETS_MOST),
        ("the password", password, _NAME_OCTETS_MOST),
        ("the database", database, _NAME_OCTETS_MOST),
        ("the request", query, _QUERY_OCTETS_MOST),
    ):
        _demand_text(what, text, most)
    required = values.flag("tls")
    if values.flag("tls_if_offered"):
        _demand_nothing_of_tls(values)
    tls = required or values.flag("tls_if_offered")
    verified = values.flag("tls_verify") or values.text("tls_ca_file") is not None
    return Wishes(login, query, password, database, tls, required, verified)


def _demand_nothing_of_tls(values: Values) -> None:
    """Raise UsageError for a demand on TLS that a server can escape by having none."""
    for parameter in TLS_PARAMETERS:
        if parameter.name not in _OFFERS and values.value(parameter.name) not in (None, False, 0, []):
            option = parameter.name.replace("_", "-")
            raise UsageError(f"tls-if-offered goes on without TLS, and {option} would demand nothing then: say tls")


def _demand_text(what: str, text: str, octets_most: int) -> None:
    """Raise UsageError for what the protocols, which end texts by a NUL, cannot carry; it is not repeated."""
    if "\0" in text:
        raise UsageError(f"{what} holds a NUL: no message can carry it")
    utf8_octets(what, text, octets_most)


def judge_rows(rows: int) -> Verdict:
    """Return what a result of that many rows, found or changed, means."""
    if rows > 0:
        return Verdict(Reason.OK, f"logged in, and the query brought {rows} {'row' if rows == 1 else 'rows'}")
    return Verdict(Reason.RESPONSE, "logged in, but the query brought no row")


def judge_long_result(rows: int) -> Verdict:
    """Return what a result means that is longer than we read."""
    if rows > 0:
        return Verdict(Reason.OK, f"logged in, and the query brought {rows} rows and more")
    return Verdict(Reason.RESPONSE, f"no row among the first {RESULT_OCTETS_MOST} octets that the query brought")
