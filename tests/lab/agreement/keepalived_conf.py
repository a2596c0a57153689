# SPDX-License-Identifier: GPL-2.0-or-later
"""The table as a keepalived.conf: one virtual server a row, on the row's port, with one real server."""

from __future__ import annotations

from collections.abc import Sequence

from tests.lab.agreement.rows import CONNECT_TIMEOUT, REAL, VIP, Row, port_of

_CHECKER = {"http": "HTTP_GET", "https": "SSL_GET"}


def keepalived_conf(rows: Sequence[Row]) -> str:
    """Return the configuration; alpha: a server is in the table only once its check has passed."""
    return "\n".join(_virtual_server(row) for row in rows) + "\n"


def _virtual_server(row: Row) -> str:
    port = port_of(row)
    return f"""virtual_server {VIP} {port} {{
    delay_loop 2
    lb_algo rr
    lb_kind DR
    protocol TCP
    alpha
    real_server {REAL} {port} {{
        {_CHECKER[row.kind]} {{
            {_indented(row.checker)}
            {"".join(_url(url) for url in row.urls)}
            connect_timeout {CONNECT_TIMEOUT}
            retry 0
            delay_before_retry 1
            warmup 1
        }}
    }}
}}"""


def _url(lines: Sequence[str]) -> str:
    return f"url {{\n                {_indented(lines)}\n            }}\n            "


def _indented(lines: Sequence[str]) -> str:
    return "\n                ".join(lines)
