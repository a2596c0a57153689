# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `pgsql`, in the words of ldirectord's negotiate check.

DBD::Pg, by libpq, asks for TLS and goes on without it (sslmode=prefer); here that is `tls_if_offered`.
"""

from __future__ import annotations

from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.pgsql.conversation import PgsqlConversation
from lvs_rawcheck.checks.sql import SQL_PARAMETERS, prepare_sql

KINDS = (
    Kind(
        "pgsql",
        "log in to PostgreSQL, and a query brings a row",
        SQL_PARAMETERS,
        lambda values: prepare_sql(PgsqlConversation, values),
    ),
)
