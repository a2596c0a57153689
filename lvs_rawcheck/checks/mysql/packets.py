# SPDX-License-Identifier: GPL-2.0-or-later
"""MySQL's packets: three octets of length, little-endian, a number that counts the packets of a turn, the content.

MySQL source documentation, "MySQL Packets", "Connection Phase Packets", "Generic Response Packets".
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import shown
from lvs_rawcheck.checks.messages import demand_length
from lvs_rawcheck.errors import RemoteProtocolError

HEADER_OCTETS = 4
NONCE_OCTETS = 20
OK, MORE_DATA, LOCAL_FILE, END, ERROR = 0x00, 0x01, 0xFB, 0xFE, 0xFF
"""What begins a packet's content."""
COLUMN = b"\x03def"  # the description of one begins with its catalogue, which is always this

CONNECT_WITH_DB = 1 << 3
PROTOCOL_41 = 1 << 9
SSL = 1 << 11
SECURE_CONNECTION = 1 << 15
PLUGIN_AUTH = 1 << 19
_LONG_PASSWORD = 1
_TRANSACTIONS = 1 << 13  # the status flags of OK packets
_MULTI_RESULTS = 1 << 17  # for CALL, as DBD::mysql has it; the first result counts
OURS = _LONG_PASSWORD | PROTOCOL_41 | _TRANSACTIONS | SECURE_CONNECTION | _MULTI_RESULTS | PLUGIN_AUTH

NATIVE = "mysql_native_password"
_PROTOCOL = 10
_PACKET_OCTETS_MOST = 1 << 24
_UTF8MB4 = 45
_QUERY, _QUIT = b"\x03", b"\x01"
_FIXED_OCTETS = 31
"""After the version of a greeting: thread 4, nonce 8, filler 1, capabilities 2, and 16 that follow."""
_NONCE_BEGIN_OCTETS = 8
_END_OCTETS_MOST = 9  # a longer one that begins so is a row whose first value is huge
_LENGTHS = {0xFC: 2, 0xFD: 3, 0xFE: 8}


def measure(octets: bytearray) -> int | None:
    """Return the octets of the packet that begins a buffer; RemoteProtocolError for one that we would not hold."""
    if len(octets) < HEADER_OCTETS:
        return None
    return demand_length(HEADER_OCTETS + int.from_bytes(octets[:3], "little"), HEADER_OCTETS)


def packet(number: int, content: bytes) -> bytes:
    """Return a packet of ours; number: the last one's plus 1, 0 for a command."""
    return len(content).to_bytes(3, "little") + bytes((number & 0xFF,)) + content


def query(text: str) -> bytes:
    """Return the command that runs a query."""
    return packet(0, _QUERY + text.encode())


def goodbye() -> bytes:
    """Return the command that ends a session."""
    return packet(0, _QUIT)


def tls_request(capabilities: int) -> bytes:
    """Return the content of an SSLRequest: a login that breaks off before the name."""
    return (
        capabilities.to_bytes(4, "little")
        + _PACKET_OCTETS_MOST.to_bytes(4, "little")
        + bytes((_UTF8MB4,))
        + bytes(23)  # reserved
    )


def login(capabilities: int, name: str, proof: bytes, database: str, plugin: str) -> bytes:
    """Return the content of a HandshakeResponse41; proof: of the password, 0..255 octets, by the plugin's rules."""
    return (
        tls_request(capabilities)
        + name.encode()
        + b"\0"
        + bytes((len(proof),))
        + proof
        + (database.encode() + b"\0" if capabilities & CONNECT_WITH_DB else b"")
        + plugin.encode()
        + b"\0"
    )


class Greeting:
    """What a server says first (HandshakeV10). plugin: how it would like us to log in."""

    __slots__ = ("capabilities", "nonce", "plugin", "version")

    def __init__(self, content: bytes) -> None:
        """Raise RemoteProtocolError where the content is no greeting, or one of a server that is too old."""
        if content[:1] != bytes((_PROTOCOL,)):
            raise RemoteProtocolError(f"octets that are not MySQL's protocol 10: {shown(content)}")
        self.version, end, rest = content[1:].partition(b"\0")
        if not end or len(rest) < _FIXED_OCTETS:
            raise RemoteProtocolError(f"a greeting of {len(content)} octets, cut short")
        self.capabilities = int.from_bytes(rest[13:15] + rest[18:20], "little")
        if not self.capabilities & PROTOCOL_41 or not self.capabilities & SECURE_CONNECTION:
            raise RemoteProtocolError(f"a greeting of a server older than 4.1: {shown(self.version)}")
        second = rest[_FIXED_OCTETS:]
        second_octets = max(13, rest[20] - _NONCE_BEGIN_OCTETS)
        self.nonce = demand_nonce(rest[4:12] + second[: second_octets - 1])
        self.plugin = plugin_name(second[second_octets:]) if self.capabilities & PLUGIN_AUTH else NATIVE


def demand_nonce(octets: bytes) -> bytes:
    """Return the random octets that a proof of the password must contain; RemoteProtocolError: they are too few."""
    if len(octets) < NONCE_OCTETS:
        raise RemoteProtocolError(f"a challenge of {len(octets)} octets, {NONCE_OCTETS} are needed")
    return octets[:NONCE_OCTETS]


def plugin_name(octets: bytes) -> str:
    """Return the name that octets begin with, up to a NUL or their end."""
    return octets.partition(b"\0")[0][:64].decode("ascii", "backslashreplace")


def is_end(content: bytes) -> bool:
    """Return whether it is the packet that ends a list of columns or rows (EOF_Packet)."""
    return content[:1] == bytes((END,)) and len(content) < _END_OCTETS_MOST


def error_sentence(content: bytes) -> str:
    """Return what an ERR packet says: `1045 (28000) 'Access denied ...'`; before the login it has no state."""
    code, text = int.from_bytes(content[1:3], "little"), content[3:]
    if text[:1] == b"#":
        return f"{code} ({text[1:6].decode('ascii', 'backslashreplace')}) {shown(text[6:])}"
    return f"{code} {shown(text)}"


def number(content: bytes, offset: int = 0) -> int:
    """Return the length-encoded integer at an offset; RemoteProtocolError where none is."""
    if offset >= len(content):
        raise RemoteProtocolError("a packet that ends where a number should be")
    first = content[offset]
    if first < LOCAL_FILE:
        return first
    octets = content[offset + 1 : offset + 1 + _LENGTHS.get(first, 0)]
    if not octets or len(octets) < _LENGTHS[first]:
        raise RemoteProtocolError("a number that is cut short, or none")
    return int.from_bytes(octets, "little")
