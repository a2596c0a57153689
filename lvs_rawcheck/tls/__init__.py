# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS as a machine that touches nothing: ciphertext in, plaintext out, OpenSSL in between.

Start with `session.Session`; `settings.Settings` is what it demands of a server.
"""
