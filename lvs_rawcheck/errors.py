# SPDX-License-Identifier: GPL-2.0-or-later
"""Every exception of the project, one tree.

A server that is down is an answer, not an error: it becomes a `Result`. An exception says that we could not
judge, or that octets or text are not what they claim to be.
"""

from __future__ import annotations


class RawCheckError(Exception):
    """The root: what a command may catch to say one clear sentence and exit 1."""


class UsageError(RawCheckError):
    """The command line, or a value on it, cannot be meant as it stands."""


class WireError(RawCheckError):
    """Octets that are not the packet they claim to be."""


class Truncated(WireError):
    """Fewer octets than the packet's own length fields say."""


class BadChecksum(WireError):
    """The Internet checksum (RFC 1071) does not come out."""


class ProtocolError(RawCheckError):
    """A rule of a protocol was broken."""


class LocalProtocolError(ProtocolError):
    """By our caller: an event that the state does not allow."""


class RemoteProtocolError(ProtocolError):
    """By the peer, against its RFC."""


class LinkError(RawCheckError):
    """Interface, permission or socket: ours, never the server's. Raised `from` the OSError."""


class NoFreePort(LinkError):
    """All source ports are taken just now: whoever waits will get one."""


class ConfigError(RawCheckError):
    """A configuration file says something that cannot be used: where, and one sentence.

    line and column count from 1, the column in octets; 0 where the file as a whole is meant. sentence: without the
    file, for whoever names that beside it.
    """

    def __init__(self, path: str, line: int, column: int, message: str) -> None:
        place = f"{path}:{line}:{column}" if line else path
        super().__init__(f"{place}: {message}")
        self.sentence = f"line {line}: {message}" if line else message
        self.path = path
        self.line = line
        self.column = column
        self.message = message


class ConfigSyntaxError(ConfigError):
    """The text itself: braces, quotes, octets that no reader takes, a file that cannot be read."""


class ConfigValueError(ConfigError):
    """The text is well formed, but a value in it cannot be meant."""


class ConfigLibraryError(ConfigValueError):
    """The text is right, but what it takes cannot be imported here: ours, never the administrator's."""
