# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines out of a stream, and replies out of lines, as SMTP, FTP, NNTP, POP3 and IMAP shape them.

A reader is given one line at a time, without its end, and returns a reply when one is complete. What cannot be a
line of its protocol is RemoteProtocolError; of a line that has only begun it says whether it still can be one, so
that a server of another protocol is known as such before the deadline.
"""

from __future__ import annotations

import re

from lvs_rawcheck.errors import RemoteProtocolError


class Lines:
    """Cuts a stream at LF or CRLF; each octet is looked at once, however they arrive."""

    __slots__ = ("_octets", "_searched")

    def __init__(self) -> None:
        self._octets = bytearray()
        self._searched = 0

    def add(self, octets: bytes) -> None:
        """Append what came."""
        self._octets += octets

    def next_line(self) -> bytes | None:
        """Return the next complete line without its end, None until there is one."""
        line = self.next_ended_line()
        return None if line is None else line[:-1].removesuffix(b"\r")

    def next_ended_line(self) -> bytes | None:
        """Return the next complete line as it came, None until there is one."""
        end = self._octets.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._octets)
            return None
        line = bytes(self._octets[: end + 1])
        del self._octets[: end + 1]
        self._searched = 0
        return line

    @property
    def held_octets(self) -> int:
        """Return how many octets of a line that has no end yet are held."""
        return len(self._octets)

    def begun(self, most: int) -> bytes:
        """Return the first octets, at most `most`, of the line that has no end yet."""
        return bytes(self._octets[:most])


class Reply:
    """One reply. status: what its protocol judges it by, `250`, `+OK`, `NO`; line: its first line, to be quoted."""

    __slots__ = ("line", "status")

    def __init__(self, status: str, line: bytes) -> None:
        self.status = status
        self.line = line


class Reader:
    """What makes replies of lines, in one protocol."""

    __slots__ = ()

    protocol = ""
    """Its name, for a sentence."""

    def take(self, line: bytes) -> Reply | None:
        """Return the reply that this line completes, None while more of it is to come; RemoteProtocolError."""
        raise NotImplementedError

    def may_begin(self, octets: bytes) -> bool:
        """Return whether a line that begins with these octets can be one of this protocol."""
        raise NotImplementedError


_CODE_DIGITS = 3
_DIGITS = frozenset(b"0123456789")


def _may_begin_code(octets: bytes) -> bool:
    return all(octet in _DIGITS for octet in octets[:_CODE_DIGITS])


class SmtpReader(Reader):
    """Three digits and text; of several lines all but the last have `-` after the code (RFC 5321 4.2 and 4.2.1)."""

    __slots__ = ("_code", "_first_line")

    protocol = "SMTP"
    _LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])|$)")

    def __init__(self) -> None:
        self._code = b""
        """Of the reply of several lines that has begun, empty between replies."""
        self._first_line = b""

    def take(self, line: bytes) -> Reply | None:
        """Return the reply with its last line."""
        match = self._LINE.match(line)
        if match is None or (self._code and match[1] != self._code):
            return self._take_other(line)
        if not self._code:
            self._first_line = line
        if match[2] == b"-":
            self._code = match[1]
            return None
        self._code = b""
        return Reply(match[1].decode(), self._first_line)

    def may_begin(self, octets: bytes) -> bool:
        """Return whether it begins with what digits there can be."""
        return _may_begin_code(octets)

    def _take_other(self, line: bytes) -> Reply | None:
        raise RemoteProtocolError("no reply code" if not self._code else "another code in the middle of a reply")


class FtpReader(SmtpReader):
    """As SMTP, but between first and last line of a reply anything may stand (RFC 959 4.2)."""

    __slots__ = ()

    protocol = "FTP"
    _LINE = re.compile(rb"([1-5][0-9]{2})(?:([ -])|$)")

    def may_begin(self, octets: bytes) -> bool:
        """Return True in the middle of a reply, else whether it begins with digits."""
        return bool(self._code) or super().may_begin(octets)

    def _take_other(self, line: bytes) -> Reply | None:
        if not self._code:
            raise RemoteProtocolError("no reply code")
        return None


class NntpReader(Reader):
    """One line with three digits (RFC 3977 3.2); replies of several lines have no part in a check."""

    __slots__ = ()

    protocol = "NNTP"
    _LINE = re.compile(rb"([1-5][0-9]{2})(?: |$)")

    def take(self, line: bytes) -> Reply | None:
        """Return the reply that a line is."""
        match = self._LINE.match(line)
        if match is None:
            raise RemoteProtocolError("no response code")
        return Reply(match[1].decode(), line)

    def may_begin(self, octets: bytes) -> bool:
        """Return whether it begins with what digits there can be."""
        return _may_begin_code(octets)


class PopReader(Reader):
    """`+OK` or `-ERR` (RFC 1939 3), in letters of either case, as Mail::POP3Client takes a greeting."""

    __slots__ = ()

    protocol = "POP3"
    _LINE = re.compile(rb"(\+OK|-ERR)\b", re.IGNORECASE)

    def take(self, line: bytes) -> Reply | None:
        """Return the reply that a line is."""
        match = self._LINE.match(line)
        if match is None:
            raise RemoteProtocolError("neither +OK nor -ERR")
        return Reply(match[1].decode().upper(), line)

    def may_begin(self, octets: bytes) -> bool:
        """Return whether it begins with a sign."""
        return octets[:1] in (b"", b"+", b"-")


class ImapReader(Reader):
    """A greeting, then untagged data until the tagged answer (RFC 3501 2.2.2 and 7.1); all our tags begin with `a`.

    Untagged data is passed over, except BYE: the server is about to close. Literals in it are not looked for, since
    nothing that a check asks for is answered with one.
    """

    __slots__ = ("_greeted",)

    protocol = "IMAP"
    _GREETING = re.compile(rb"\* +(OK|PREAUTH|BYE|NO|BAD)\b", re.IGNORECASE)
    _BYE = re.compile(rb"\* +BYE\b", re.IGNORECASE)
    _TAGGED = re.compile(rb"a[0-9]+ +((?i:OK|NO|BAD))\b")  # the tag is ours, letter by letter

    def __init__(self) -> None:
        self._greeted = False

    def take(self, line: bytes) -> Reply | None:
        """Return the greeting, a tagged answer, BYE, or a request to go on (`+`)."""
        if not self._greeted:
            return self._take_greeting(line)
        if line.startswith(b"+"):
            return Reply("+", line)
        if self._BYE.match(line):
            return Reply("BYE", line)
        if line.startswith(b"* "):
            return None
        match = self._TAGGED.match(line)
        if match is None:
            raise RemoteProtocolError("neither tagged nor untagged")
        return Reply(match[1].decode().upper(), line)

    def may_begin(self, octets: bytes) -> bool:
        """Return whether it begins as one of the kinds of lines does."""
        return octets[:1] in ((b"", b"*", b"+", b"a") if self._greeted else (b"", b"*"))

    def _take_greeting(self, line: bytes) -> Reply:
        match = self._GREETING.match(line)
        if match is None:
            raise RemoteProtocolError("no greeting")
        self._greeted = True
        return Reply(match[1].decode().upper(), line)
