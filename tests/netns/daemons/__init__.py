# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's own servers on the hosts of a topology: one module each, configuration and data in folders of the tests.

    with nginx(host, ["10.0.0.100", "2001:db8::100"], 80) as web:
        ...                             # it answers on both addresses
        web.stop()                      # its ports answer RST from now on

Nothing of the machine's own services is used or touched: neither /etc nor /var, no pid file, no socket. A server may
hold addresses that its host loses and gets back meanwhile; it goes on listening.
"""
