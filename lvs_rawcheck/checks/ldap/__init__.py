# SPDX-License-Identifier: GPL-2.0-or-later
"""LDAP: a bind, a search, an unbind.

By hand and not by ldap3: that library's message layer cannot be imported without its connections and the ssl module
(110 ms of CPU, where the whole check takes a few), and decodes a hostile message of one mebioctet for seconds. The
tests read our requests, and write the answers, with it.
"""
