# SPDX-License-Identifier: GPL-2.0-or-later
"""tcp, http, https and http_proxy: nginx, haproxy, tinyproxy."""

from __future__ import annotations

from tests.kinds.matrix import Row
from tests.netns.daemons import web

ROWS = (Row("tcp", web.nginx, 80),)
