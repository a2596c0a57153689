# SPDX-License-Identifier: GPL-2.0-or-later
"""From what was seen on the wire to a cause and the command that would fix it.

`probes` asks further when a check has failed, `signatures` is the one table from answers to causes, `causes`
says each cause in words. scapy, which narrates the packets, is imported by `decode` alone. `verify/` compares what
keepalived runs with what is planned, `doctor/` looks at this host.
"""
