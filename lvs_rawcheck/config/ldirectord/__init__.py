# SPDX-License-Identifier: GPL-2.0-or-later
"""ldirectord.cf as ldirectord reads it, beside its text as it stands.

    configuration = read_ldirectord("/etc/ha.d/ldirectord.cf")
    configuration.require_sound()                 # raises ConfigError: file, line, column, one sentence
    for virtual in configuration.site.virtuals:   # defaults and the orders of timeouts filled in
        virtual.checktype, virtual.checktimeout   # "negotiate", 5
        virtual.span_of("checktimeout")           # where that was written, None if it was not
        virtual.obstacles                         # why its text must not be edited; empty: it may be
        for real in virtual.reals:                # ranges as ldirectord counts them
            real.address, real.port, real.method
    configuration.findings                        # warnings and errors, each with its span

To read a text that is not on the disk yet: `read_ldirectord(path, overlay={path: octets})`.
"""

from lvs_rawcheck.config.ldirectord.configuration import Configuration, read_ldirectord

__all__ = ["Configuration", "read_ldirectord"]
