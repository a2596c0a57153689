# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived.conf as keepalived reads it, beside its text as it stands.

    configuration = read_keepalived("/etc/keepalived/keepalived.conf", config_id="lb1")
    configuration.require_sound()                        # raises ConfigError: file, line, column, one sentence
    for virtual in configuration.site.virtual_servers:   # expanded: definitions, ~SEQ, includes, @id
        for real in virtual.real_servers:
            for checker in real.checkers:
                checker.kind, checker.connect_timeout    # "TCP_CHECK", 3.0: inheritance done
                checker.span                             # its stanza: file, octets from start to end, line, column
                checker.span_of("connect_timeout")       # where that was written, None if it was not
                checker.obstacles                        # why its text must not be edited; empty: it may be
    configuration.findings                               # warnings and errors, each with its span
    configuration.files                                  # path -> SourceFile with .octets

To read a text that is not on the disk yet: `read_keepalived(path, overlay={path: octets})`.
"""

from lvs_rawcheck.config.keepalived.configuration import Configuration, read_keepalived

__all__ = ["Configuration", "read_keepalived"]
