# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `mysql`, for MySQL and MariaDB, in the words of ldirectord's negotiate check."""

from __future__ import annotations

from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.mysql.conversation import MysqlConversation
from lvs_rawcheck.checks.sql import SQL_PARAMETERS, prepare_sql

KINDS = (
    Kind(
        "mysql",
        "log in to MySQL or MariaDB, and a query brings a row",
        SQL_PARAMETERS,
        lambda values: prepare_sql(MysqlConversation, values),
    ),
)
