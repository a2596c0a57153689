# SPDX-License-Identifier: GPL-2.0-or-later
"""One table of responses, put to keepalived's own HTTP_GET and SSL_GET, and to ours: the same verdicts, row by row."""
