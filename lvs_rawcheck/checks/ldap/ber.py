# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of BER that LDAP is written in (RFC 4511 5.1): low tags, definite lengths, X.690 8.1."""

from __future__ import annotations

from lvs_rawcheck.errors import RemoteProtocolError

BOOLEAN = 0x01
INTEGER = 0x02
OCTET_STRING = 0x04
ENUMERATED = 0x0A
SEQUENCE = 0x30
_HIGH_TAG = 0x1F
_LONG_FORM = 0x80
_LENGTH_OCTETS_MOST = 4
_INTEGER_OCTETS_MOST = 4  # maxInt, RFC 4511 4.1.1


def element(tag: int, content: bytes) -> bytes:
    """Return an element: tag, length, content."""
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(octets))) + octets + content


def integer(tag: int, number: int) -> bytes:
    """Return an INTEGER or ENUMERATED, number >= 0."""
    return element(tag, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def element_octets(octets: bytes | bytearray, offset: int = 0) -> tuple[int, int] | None:
    """Return the octets of the header and of the content of the element at an offset, None: too few to say.

    RemoteProtocolError: a form that LDAP does not use.
    """
    if len(octets) < offset + 2:
        return None
    if octets[offset] & _HIGH_TAG == _HIGH_TAG:
        raise RemoteProtocolError(f"the tag {octets[offset]:#04x}, which LDAP does not have")
    first = octets[offset + 1]
    if first < _LONG_FORM:
        return 2, first
    count = first - _LONG_FORM
    if not 1 <= count <= _LENGTH_OCTETS_MOST:
        raise RemoteProtocolError(f"a length of the form {first:#04x}, which LDAP does not have")
    if len(octets) < offset + 2 + count:
        return None
    return 2 + count, int.from_bytes(octets[offset + 2 : offset + 2 + count], "big")


class Reader:
    """Reads the elements of a content, one after the other; RemoteProtocolError where they are not what they should."""

    __slots__ = ("_octets", "_offset")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._offset = 0

    def any_element(self) -> tuple[int, bytes]:
        """Return the tag and the content of the next element, whatever it is."""
        octets = element_octets(self._octets, self._offset)
        if octets is None or self._offset + sum(octets) > len(self._octets):
            raise RemoteProtocolError("an element that is longer than what it is part of")
        tag, begin = self._octets[self._offset], self._offset + octets[0]
        self._offset = begin + octets[1]
        return tag, self._octets[begin : self._offset]

    def content(self, expected_tag: int) -> bytes:
        """Return the content of the next element, which must have this tag."""
        tag, content = self.any_element()
        if tag != expected_tag:
            raise RemoteProtocolError(f"the tag {tag:#04x} where {expected_tag:#04x} should be")
        return content

    def number(self, expected_tag: int) -> int:
        """Return the next element, an INTEGER or ENUMERATED of at most 31 bits, not negative."""
        content = self.content(expected_tag)
        if not 1 <= len(content) <= _INTEGER_OCTETS_MOST or content[0] & _LONG_FORM:
            raise RemoteProtocolError(f"a number of {len(content)} octets, or a negative one")
        return int.from_bytes(content, "big")
