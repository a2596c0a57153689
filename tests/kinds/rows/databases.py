# SPDX-License-Identifier: GPL-2.0-or-later
"""pgsql: postgresql, with every way to prove a password."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason
from tests.kinds.matrix import Row, Wrong
from tests.kinds.secrets import secret
from tests.kinds.trust import OTHER_NAME, VERIFIED
from tests.netns.daemons import databases

PGSQL = 5432


def _query(user: str, query: str = databases.QUERY, password: str = databases.PASSWORD) -> tuple[str, ...]:
    login = ("--login", user, "--password-file", secret(password))
    return (*login, "--database", databases.DATABASE, "--request", query)


def _wrong_password(user: str) -> Wrong:
    return Wrong("the password is wrong", Reason.RESPONSE, _query(user, password="sesame"))


def _wrong_answers(user: str) -> tuple[Wrong, ...]:
    return (
        Wrong("the table is empty", Reason.RESPONSE, _query(user, databases.EMPTY_QUERY), "no row"),
        Wrong("there is no such table", Reason.RESPONSE, _query(user, databases.WRONG_QUERY), "nowhere"),
        Wrong("there is no such user", Reason.RESPONSE, _query("zoe")),
    )


_SCRAM_OVER_TLS = (*_query(databases.PGSQL_SCRAM), "--tls")

ROWS = (
    Row(
        "pgsql",
        databases.postgresql,
        PGSQL,
        _query(databases.PGSQL_TRUSTED),
        _wrong_answers(databases.PGSQL_TRUSTED),
        name="trusted",
    ),
    *(
        Row("pgsql", databases.postgresql, PGSQL, _query(user), (_wrong_password(user),), name=method)
        for user, method in (
            (databases.PGSQL_SCRAM, "scram-sha-256"),
            (databases.PGSQL_MD5, "md5"),
            (databases.PGSQL_CLEAR, "password"),
        )
    ),
    Row(
        "pgsql",
        databases.postgresql,
        PGSQL,
        (*_SCRAM_OVER_TLS, *VERIFIED),
        (
            _wrong_password(databases.PGSQL_SCRAM),
            Wrong(OTHER_NAME.why, OTHER_NAME.reason, (*_SCRAM_OVER_TLS, *OTHER_NAME.options), OTHER_NAME.says),
        ),
        name="tls",
    ),
)
