# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of the matrix: which kind, of which server, with which options, and what is wrong with others."""

from tests.kinds.rows import databases, datagrams, files, mail, stores, web

ROWS = (*web.ROWS, *mail.ROWS, *files.ROWS, *databases.ROWS, *stores.ROWS, *datagrams.ROWS)
