# SPDX-License-Identifier: GPL-2.0-or-later
"""pgsql and mysql: postgresql and mariadb, with every way to prove a password."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason
from tests.kinds.matrix import Row, Wrong
from tests.kinds.secrets import secret
from tests.kinds.trust import OTHER_NAME, VERIFIED
from tests.netns.daemons import databases

PGSQL, MYSQL = 5432, 3306


def _query(user: str, query: str = databases.QUERY, password: str = databases.PASSWORD) -> tuple[str, ...]:
    return (*_query_without_password(user, query), "--password-file", secret(password))


def _query_without_password(user: str, query: str = databases.QUERY) -> tuple[str, ...]:
    return ("--login", user, "--database", databases.DATABASE, "--request", query)


def _wrong_password(user: str) -> Wrong:
    return Wrong("the password is wrong", Reason.RESPONSE, _query(user, password="sesame"))


def _wrong_answers(user: str) -> tuple[Wrong, ...]:
    return (
        Wrong("the table is empty", Reason.RESPONSE, _query(user, databases.EMPTY_QUERY), "no row"),
        Wrong("there is no such table", Reason.RESPONSE, _query(user, databases.WRONG_QUERY), "nowhere"),
        Wrong("there is no such user", Reason.RESPONSE, _query("zoe")),
    )


def _other_name(user: str) -> Wrong:
    return Wrong(OTHER_NAME.why, OTHER_NAME.reason, (*_query(user), "--tls", *OTHER_NAME.options), OTHER_NAME.says)


ROWS = (
    Row(
        "pgsql",
        databases.postgresql,
        PGSQL,
        _query(databases.PGSQL_SCRAM),
        (
            *(_wrong_password(user) for user in (databases.PGSQL_SCRAM, databases.PGSQL_MD5, databases.PGSQL_CLEAR)),
            *_wrong_answers(databases.PGSQL_SCRAM),
            _other_name(databases.PGSQL_SCRAM),
        ),
        also=(
            _query_without_password(databases.PGSQL_TRUSTED),
            _query(databases.PGSQL_MD5),
            _query(databases.PGSQL_CLEAR),
            (*_query(databases.PGSQL_SCRAM), "--tls", *VERIFIED),
        ),
    ),
    Row(
        "mysql",
        databases.mariadb,
        MYSQL,
        _query(databases.MYSQL_USER),
        (
            _wrong_password(databases.MYSQL_USER),
            *_wrong_answers(databases.MYSQL_USER),
            _other_name(databases.MYSQL_USER),
            Wrong("its proof is not ours", Reason.RESPONSE, _query(databases.MYSQL_USER_ED25519), "ed25519"),
        ),
        also=(
            _query_without_password(databases.MYSQL_USER_WITHOUT_PASSWORD),
            (*_query(databases.MYSQL_USER), "--tls", *VERIFIED),
        ),
    ),
)
