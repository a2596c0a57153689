# SPDX-License-Identifier: GPL-2.0-or-later
"""One line to this host's log, without ever waiting for it.

Reading list: RFC 3164 4.1 (priority, time, tag), syslog(3). The C library's syslog() blocks while the log's queue is
full: a stopped logger would hold every check beyond its deadline, and healthy servers would go down. Here the line is
lost.
"""

from __future__ import annotations

import _socket
import os
from syslog import LOG_DAEMON, LOG_ERR, LOG_NOTICE, LOG_WARNING

from lvs_rawcheck import clock

__all__ = ["LOG_ERR", "LOG_NOTICE", "LOG_WARNING", "log_line"]

_ADDRESS = "/dev/log"
_LINE_OCTETS = 1024  # RFC 3164 4.1


def log_line(priority: int, sentence: str) -> bool:
    """Send a sentence, with one of the LOG_* priorities; return whether the log took it."""
    text = sentence.encode("utf-8", "backslashreplace").translate(_BLANKS)
    header = f"<{LOG_DAEMON | priority}>{clock.log_time()} lvs-rawcheck[{os.getpid()}]: "
    try:
        log = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC)
    except OSError:
        return False
    try:
        log.sendto((header.encode() + text)[:_LINE_OCTETS], _ADDRESS)
    except OSError:
        return False  # no logger, or its queue is full
    finally:
        log.close()
    return True


# What would end the line, or be taken for another one.
_BLANKS = bytes(octet if octet >= 0x20 else 0x20 for octet in range(256))
