# SPDX-License-Identifier: GPL-2.0-or-later
"""MySQL's and MariaDB's protocol 10, as far as a login and a query go.

By hand: no library speaks it without owning the socket. Sources: MySQL source documentation and MariaDB knowledge
base, "Client/Server Protocol".
"""
