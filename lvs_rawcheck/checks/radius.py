# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `radius`: one Access-Request, which must be accepted, as ldirectord's check_radius (Authen::Radius) has it.

RFC 2865; Message-Authenticator, RFC 3579 3.2, comes first, as servers want it that were hardened against forged
answers (CVE-2024-3596). By hand and not by pyrad: that needs 65 ms of CPU to be imported, and files of names for the
six attributes that we send; the tests use it.

An answer that does not prove to know the secret is no answer (RFC 2865 3). Only at the deadline it is told. A server
does not answer a client that it does not know, or whose secret is another: that cannot be told from a missing VIP.
"""

from __future__ import annotations

import hmac
from hashlib import md5
from os import urandom

from lvs_rawcheck.checks.base import Exchange, Reason, Verdict, shown
from lvs_rawcheck.checks.credentials import PASSWORD_FILE, without_secrets
from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.narration import lines_of
from lvs_rawcheck.checks.parameters import Parameter, password_from_file, utf8_octets
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import IPV4_OCTETS, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.parameters import Values

ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE = 1, 2, 3, 11
_CODES = {
    ACCESS_REQUEST: "Access-Request",
    ACCESS_ACCEPT: "Access-Accept",
    ACCESS_REJECT: "Access-Reject",
    ACCESS_CHALLENGE: "Access-Challenge",
}
USER_NAME, USER_PASSWORD, NAS_IP_ADDRESS, REPLY_MESSAGE, NAS_IDENTIFIER = 1, 2, 4, 18, 32
MESSAGE_AUTHENTICATOR, NAS_IPV6_ADDRESS = 80, 95
_ATTRIBUTES = {
    USER_NAME: "User-Name",
    USER_PASSWORD: "User-Password",
    NAS_IP_ADDRESS: "NAS-IP-Address",
    REPLY_MESSAGE: "Reply-Message",
    NAS_IDENTIFIER: "NAS-Identifier",
    MESSAGE_AUTHENTICATOR: "Message-Authenticator",
    NAS_IPV6_ADDRESS: "NAS-IPv6-Address",
}
_TEXTS = (USER_NAME, REPLY_MESSAGE, NAS_IDENTIFIER)
_HEADER_OCTETS = 20  # code, identifier, length, authenticator; RFC 2865 3
_PACKET_OCTETS_MOST = 4096
_AUTHENTICATOR_OCTETS = 16
_TEXT_OCTETS_MOST = 253
_PASSWORD_OCTETS_MOST = 128  # RFC 2865 5.2


def attribute(kind: int, value: bytes) -> bytes:
    """Return an attribute, its value 0..253 octets."""
    return bytes((kind, 2 + len(value))) + value


def hidden_password(password: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """Return a password that who knows the secret can read, a multiple of 16 octets (RFC 2865 5.2)."""
    blocks = max((len(password) + _AUTHENTICATOR_OCTETS - 1) // _AUTHENTICATOR_OCTETS, 1)
    padded = password.ljust(blocks * _AUTHENTICATOR_OCTETS, b"\0")
    hidden, last = b"", authenticator
    for offset in range(0, len(padded), _AUTHENTICATOR_OCTETS):
        pad = md5(secret + last).digest()
        last = bytes(a ^ b for a, b in zip(padded[offset : offset + _AUTHENTICATOR_OCTETS], pad, strict=True))
        hidden += last
    return hidden


class RadiusExchange(Exchange):
    """Asks whether a user may log in. identifier: 0..255; authenticator: 16 random octets.

    about_us: attributes that say who asks, at least one of NAS-Identifier and NAS-IP-Address (RFC 2865 4.1).
    """

    __slots__ = ("_authenticator", "_identifier", "_password", "_request", "_secret", "_unproven")

    kind = "radius"
    interval = 1.0

    def __init__(
        self, login: bytes, password: bytes, secret: bytes, about_us: bytes, identifier: int, authenticator: bytes
    ) -> None:
        self._secret = secret
        self._password = password.decode()
        self._identifier = identifier
        self._authenticator = authenticator
        self._unproven = 0
        """Answers that did not prove to know the secret."""
        hidden = hidden_password(password, secret, authenticator)
        self._request = self._signed(attribute(USER_NAME, login) + attribute(USER_PASSWORD, hidden) + about_us)

    def datagram_to_send(self) -> bytes:
        """Return the Access-Request; the same each time, so that the server knows a repetition (RFC 5080 2.2.2)."""
        return self._request

    def datagram_received(self, octets: bytes) -> Verdict | None:
        """Return what an answer to our request means."""
        packet = _packet(octets)
        if packet is None or packet[1] != self._identifier or packet[0] not in _CODES or packet[0] == ACCESS_REQUEST:
            return None
        if not self._is_proven(packet):
            self._unproven += 1
            return None
        if packet[0] == ACCESS_ACCEPT:
            return Verdict(Reason.OK, "the login was accepted")
        said = b" ".join(value for kind, value in _attributes(packet) if kind == REPLY_MESSAGE)
        what = "refused" if packet[0] == ACCESS_REJECT else "answered by a challenge"
        sentence = f"the login was {what}{': ' + shown(said) if said else ''}"
        return Verdict(Reason.RESPONSE, without_secrets(sentence, (self._password,)))

    def silence(self) -> Verdict | None:
        """Return what was wrong with the answers, if there were any."""
        if not self._unproven:
            return None
        return Verdict(Reason.RESPONSE, "an answer came that does not prove to know the secret: is it the server's?")

    def describe(self, octets: bytes) -> list[str]:
        """Return the packet and its attributes; passwords and proofs by their names only."""
        packet = _packet(octets)
        if packet is None:
            return lines_of(octets)
        head = f"{_CODES.get(packet[0], f'code {packet[0]}')} (identifier {packet[1]})"
        return [head, *(_attribute_words(kind, value) for kind, value in _attributes(packet))]

    def _signed(self, attributes: bytes) -> bytes:
        """Return the request, its Message-Authenticator the first attribute."""
        length = _HEADER_OCTETS + 2 + _AUTHENTICATOR_OCTETS + len(attributes)
        header = bytes((ACCESS_REQUEST, self._identifier)) + length.to_bytes(2, "big") + self._authenticator
        unsigned = header + attribute(MESSAGE_AUTHENTICATOR, bytes(_AUTHENTICATOR_OCTETS)) + attributes
        signature = hmac.new(self._secret, unsigned, md5).digest()
        return header + attribute(MESSAGE_AUTHENTICATOR, signature) + attributes

    def _is_proven(self, packet: bytes) -> bool:
        """Return whether who sent it knows the secret, and our request (RFC 2865 3, RFC 3579 3.2)."""
        asked = packet[:4] + self._authenticator + packet[_HEADER_OCTETS:]
        expected = md5(asked + self._secret).digest()
        if not hmac.compare_digest(expected, packet[4:_HEADER_OCTETS]):
            return False
        offset = _HEADER_OCTETS
        for kind, value in _attributes(packet):
            if kind == MESSAGE_AUTHENTICATOR:
                blank = asked[: offset + 2] + bytes(len(value)) + asked[offset + 2 + len(value) :]
                return hmac.compare_digest(hmac.new(self._secret, blank, md5).digest(), value)
            offset += 2 + len(value)
        return True


def _packet(octets: bytes) -> bytes | None:
    """Return the packet without what pads it, None for octets that are none (RFC 2865 3, 5)."""
    length = int.from_bytes(octets[2:4], "big")
    if not _HEADER_OCTETS <= length <= min(len(octets), _PACKET_OCTETS_MOST):
        return None
    packet = octets[:length]
    covered = _HEADER_OCTETS + sum(2 + len(value) for _, value in _attributes(packet))
    return packet if covered == length else None


def _attributes(packet: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the attributes, kind and value, up to the first that is none."""
    offset = _HEADER_OCTETS
    while offset + 2 <= len(packet) and packet[offset + 1] >= 2 and offset + packet[offset + 1] <= len(packet):
        length = packet[offset + 1]
        yield packet[offset], packet[offset + 2 : offset + length]
        offset += length


def _attribute_words(kind: int, value: bytes) -> str:
    name = _ATTRIBUTES.get(kind, f"attribute {kind}")
    return f"  {name} {shown(value)}" if kind in _TEXTS else f"  {name} ({len(value)} octets)"


# The kind ----------------------------------------------------------------------------------------------

_PARAMETERS = (
    Parameter("login", "NAME", "the user who logs in"),
    PASSWORD_FILE,
    Parameter(
        "secret_file",
        "FILE",
        "the secret is the first line of this file, which only its owner can read",
        convert=password_from_file,
        held_as="secret",
    ),
    Parameter("nas_identifier", "NAME", "what the director calls itself", default="lvs-rawcheck"),
    Parameter("nas_address", "ADDRESS", "the address of the director, for servers that want it said", parse_address),
)


def _prepare(values: Values) -> Step:
    login = _octets("the login", values.text("login"), _TEXT_OCTETS_MOST)
    password = _octets("the password", values.text(PASSWORD_FILE.name), _PASSWORD_OCTETS_MOST)
    secret = _octets("the secret", values.text("secret_file"), _PACKET_OCTETS_MOST)
    identifier = _octets("the NAS identifier", values.text("nas_identifier"), _TEXT_OCTETS_MOST)
    about_us = attribute(NAS_IDENTIFIER, identifier) + _nas_address(values.octets("nas_address"))
    return lambda: RadiusExchange(login, password, secret, about_us, urandom(1)[0], urandom(_AUTHENTICATOR_OCTETS))


def _octets(what: str, text: str | None, octets_most: int) -> bytes:
    if not text:
        raise UsageError(f"radius needs {what}")
    return utf8_octets(what, text, octets_most)


def _nas_address(address: bytes | None) -> bytes:
    if address is None:
        return b""
    return attribute(NAS_IP_ADDRESS if len(address) == IPV4_OCTETS else NAS_IPV6_ADDRESS, address)


KINDS = (Kind("radius", "a user may log in by RADIUS", _PARAMETERS, _prepare),)
