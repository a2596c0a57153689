# SPDX-License-Identifier: GPL-2.0-or-later
"""The messages of LDAP that a check says and hears (RFC 4511 4)."""

from __future__ import annotations

from lvs_rawcheck.checks.ldap import ber
from lvs_rawcheck.checks.messages import demand_length
from lvs_rawcheck.errors import RemoteProtocolError

BIND_RESPONSE = 0x61  # [APPLICATION 1], constructed; RFC 4511 4.2.2
SEARCH_ENTRY = 0x64
SEARCH_DONE = 0x65
SEARCH_REFERENCE = 0x73
EXTENDED_RESPONSE = 0x78
INTERMEDIATE_RESPONSE = 0x79
_OPERATIONS = {
    BIND_RESPONSE: "bind response",
    SEARCH_ENTRY: "search entry",
    SEARCH_DONE: "search done",
    SEARCH_REFERENCE: "search reference",
    EXTENDED_RESPONSE: "extended response",
    INTERMEDIATE_RESPONSE: "intermediate response",
}
SUCCESS = 0

_UNSOLICITED = 0
_BIND_REQUEST = 0x60
_UNBIND_REQUEST = 0x42
_SEARCH_REQUEST = 0x63
_SIMPLE = 0x80
_PRESENT = 0x87
_VERSION = 3
_BASE_OBJECT = 0
_DEREFERENCE_BASE = 2  # derefFindingBaseObj, as Net::LDAP does for ldirectord
_NO_LIMIT = 0
_NO_ATTRIBUTES = b"1.1"  # RFC 4511 4.5.1.8: that there is an entry is all we ask

_RESULT_CODES = {  # RFC 4511 4.1.9
    0: "success",
    1: "operationsError",
    2: "protocolError",
    3: "timeLimitExceeded",
    4: "sizeLimitExceeded",
    7: "authMethodNotSupported",
    8: "strongerAuthRequired",
    10: "referral",
    11: "adminLimitExceeded",
    12: "unavailableCriticalExtension",
    13: "confidentialityRequired",
    14: "saslBindInProgress",
    16: "noSuchAttribute",
    17: "undefinedAttributeType",
    18: "inappropriateMatching",
    32: "noSuchObject",
    33: "aliasProblem",
    34: "invalidDNSyntax",
    36: "aliasDereferencingProblem",
    48: "inappropriateAuthentication",
    49: "invalidCredentials",
    50: "insufficientAccessRights",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
    54: "loopDetect",
    80: "other",
}


def measure(octets: bytearray) -> int | None:
    """Return the octets of the message that begins a buffer; RemoteProtocolError where none does."""
    if octets and octets[0] != ber.SEQUENCE:
        raise RemoteProtocolError(f"octets that are not LDAP, the first is {octets[0]:#04x}")
    lengths = ber.element_octets(octets)
    return None if lengths is None else demand_length(sum(lengths), 2)


def bind_request(message_id: int, dn: str, password: str) -> bytes:
    """Return a simple bind; both empty: an anonymous one (RFC 4511 4.2, RFC 4513 5.1)."""
    name = ber.element(ber.OCTET_STRING, dn.encode())
    simple = ber.element(_SIMPLE, password.encode())
    return _message(message_id, _BIND_REQUEST, ber.integer(ber.INTEGER, _VERSION) + name + simple)


def search_request(message_id: int, base: str) -> bytes:
    """Return a search for the one entry of this name, whatever its class (RFC 4511 4.5.1)."""
    content = (
        ber.element(ber.OCTET_STRING, base.encode())
        + ber.integer(ber.ENUMERATED, _BASE_OBJECT)
        + ber.integer(ber.ENUMERATED, _DEREFERENCE_BASE)
        + ber.integer(ber.INTEGER, _NO_LIMIT)
        + ber.integer(ber.INTEGER, _NO_LIMIT)
        + ber.element(ber.BOOLEAN, b"\x00")
        + ber.element(_PRESENT, b"objectClass")
        + ber.element(ber.SEQUENCE, ber.element(ber.OCTET_STRING, _NO_ATTRIBUTES))
    )
    return _message(message_id, _SEARCH_REQUEST, content)


def unbind_request(message_id: int) -> bytes:
    """Return the goodbye (RFC 4511 4.3)."""
    return _message(message_id, _UNBIND_REQUEST, b"")


def _message(message_id: int, operation: int, content: bytes) -> bytes:
    return ber.element(ber.SEQUENCE, ber.integer(ber.INTEGER, message_id) + ber.element(operation, content))


class Message:
    """A message of the server's: its ID, the operation's tag, and the operation's content."""

    __slots__ = ("content", "message_id", "operation")

    def __init__(self, octets: bytes) -> None:
        """Raise RemoteProtocolError where the octets, cut by `measure`, are none."""
        reader = ber.Reader(ber.Reader(octets).content(ber.SEQUENCE))
        self.message_id = reader.number(ber.INTEGER)
        self.operation, self.content = reader.any_element()

    @property
    def name(self) -> str:
        """Return what the operation is called."""
        return _OPERATIONS.get(self.operation, f"operation {self.operation:#04x}")

    @property
    def is_notice(self) -> bool:
        """Return whether it is a notice of disconnection (RFC 4511 4.4)."""
        return self.message_id == _UNSOLICITED and self.operation == EXTENDED_RESPONSE


class LdapResult:
    """What an operation came to (RFC 4511 4.1.9)."""

    __slots__ = ("code", "diagnostic")

    def __init__(self, content: bytes) -> None:
        """Raise RemoteProtocolError where the content of a response does not begin with a result."""
        reader = ber.Reader(content)
        self.code = reader.number(ber.ENUMERATED)
        reader.content(ber.OCTET_STRING)  # matchedDN
        self.diagnostic = reader.content(ber.OCTET_STRING)

    @property
    def name(self) -> str:
        """Return what the code is called, and its number."""
        return f"{_RESULT_CODES.get(self.code, 'result')} ({self.code})"


def entry_name(content: bytes) -> bytes:
    """Return the name of a search entry, UTF-8 by the RFC; RemoteProtocolError (RFC 4511 4.5.2)."""
    return ber.Reader(content).content(ber.OCTET_STRING)
