# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `udp`: a datagram that is not rejected, or is answered as required: keepalived's UDP_CHECK (check_udp.c).

Where no answer is required, silence passes. But a server without its VIP is silent, too: so beside the datagram the
VIP is asked for an echo, and silence passes only if that came. Over the kernel's sockets, to the real server's own
address, silence passes as keepalived has it.

Rejections are rationed: Linux sends a host one ICMP error a second after the first few (net.ipv4.icmp_ratelimit). Where
many datagrams are rejected at once, what is not told looks like silence, here as in keepalived: require a reply.

Lengths: keepalived looks at them only where the required reply is given in hexadecimal. Here they count wherever one
of them was given, too.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Exchange, Reason, Verdict, shown
from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.parameters import Parameter, one_of, whole_number
from lvs_rawcheck.checks.ping import new_echo
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Endpoint
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.parameters import Values

_PAYLOAD_DEFAULT = b"lvs-rawcheck: who is there?     "  # 32 octets, as many as keepalived sends
_PAYLOAD_OCTETS_MOST = 65507  # what an IPv4 packet holds
_MIN_DEFAULT, _MAX_DEFAULT = 0, 255  # octets: udp_check_handler in check_udp.c
_LENGTH_MOST = 65535
_ANY = "any"
_WILDCARD = "xX"
_NIBBLE = 0x0F


class Pattern:
    """Octets that a reply must begin with, some half-octets left open, and how long it may be.

    As in keepalived, only as many octets are compared as both have: a reply may be shorter than the pattern.
    """

    __slots__ = ("_length_least", "_length_most", "_mask", "_octets")

    def __init__(self, octets: bytes, mask: bytes, length_least: int, length_most: int) -> None:
        """Take the octets; mask: of the same length, its bits set where they must agree."""
        self._octets = octets
        self._mask = mask
        self._length_least = length_least
        self._length_most = length_most

    def judge(self, reply: bytes) -> Verdict:
        """Return whether a reply is the one that was wanted."""
        if not self._length_least <= len(reply) <= self._length_most:
            wanted = f"{self._length_least} to {self._length_most}"
            return Verdict(Reason.RESPONSE, f"a reply of {len(reply)} octets, expected {wanted}: {shown(reply)}")
        for position, (expected, mask, found) in enumerate(zip(self._octets, self._mask, reply, strict=False)):
            if (expected ^ found) & mask:
                difference = f"octet {position} is {found:02x}"
                return Verdict(Reason.RESPONSE, f"not the required reply, {difference}: {shown(reply)}")
        return Verdict(Reason.OK, f"a reply of {len(reply)} octets")


class UdpExchange(Exchange):
    """Sends a payload. required: what the reply must be, None: there need be none.

    echo: what proves that the VIP is there where there is no reply, None: nothing need prove it.
    """

    __slots__ = ("_echo", "_payload", "_required")

    kind = "udp"

    def __init__(self, payload: bytes, required: Pattern | None, echo: Exchange | None) -> None:
        self._payload = payload
        self._required = required
        self._echo = echo

    def note_endpoint(self, endpoint: Endpoint) -> None:
        """Tell the companion as well."""
        if self._echo is not None:
            self._echo.note_endpoint(endpoint)

    def companion(self) -> Exchange | None:
        """Return the echo."""
        return self._echo

    def datagram_to_send(self) -> bytes:
        """Return the payload."""
        return self._payload

    def datagram_received(self, octets: bytes) -> Verdict | None:
        """Return what a reply means."""
        if self._required is not None:
            return self._required.judge(octets)
        return Verdict(Reason.OK, f"a reply of {len(octets)} octets")

    def silence(self) -> Verdict | None:
        """Return that silence will do, unless a reply is required."""
        if self._required is not None:
            return None
        proof = ", and the VIP answers an echo" if self._echo is not None else ""
        return Verdict(Reason.OK, f"not rejected: no reply is required{proof}")


# The kind ----------------------------------------------------------------------------------------------


def masked_octets(text: str) -> tuple[bytes, bytes]:
    """Return octets and mask of hexadecimal digits, x standing for any; blanks between octets are allowed.

    One digit alone, between blanks, is an octet, as in keepalived (read_hex_str, lib/parser.c). UsageError.
    """
    octets, mask = bytearray(), bytearray()
    for word in text.split():
        for position in range(0, len(word), 2):
            pair = word[position : position + 2]
            value, known = 0, 0
            for digit in pair:
                number = _digit(digit, text)
                value = value << 4 | (number or 0)
                known = known << 4 | (0 if number is None else _NIBBLE)
            octets.append(value)
            mask.append(known if len(pair) == 2 else known | 0xF0)
    if not octets:
        raise UsageError("no hexadecimal digits")
    return bytes(octets), bytes(mask)


def _digit(digit: str, text: str) -> int | None:
    """Return the value of a hexadecimal digit, None for a wildcard."""
    if digit in _WILDCARD:
        return None
    if digit not in "0123456789abcdefABCDEF":
        raise UsageError(f"not hexadecimal digits, x for any: {text!r}")
    return int(digit, 16)


def _payload(text: str) -> bytes:
    octets, mask = masked_octets(text)
    if mask.strip(b"\xff"):
        raise UsageError(f"a payload is sent as it is, without x: {text!r}")
    if len(octets) > _PAYLOAD_OCTETS_MOST:
        raise UsageError(f"a payload of {len(octets)} octets fits no datagram")
    return octets


def _required_reply(text: str) -> tuple[bytes, bytes]:
    return (b"", b"") if text == _ANY else masked_octets(text)


_PARAMETERS = (
    Parameter("payload", "HEX", "what to send (default: 32 octets of text)", convert=_payload),
    Parameter(
        "require_reply",
        "any|HEX",
        "demand a reply: any, or one that begins with these octets, x for any half-octet (default: silence passes)",
        convert=_required_reply,
    ),
    Parameter("min_reply_length", "OCTETS", "of the required reply (default 0)", whole_number(0, _LENGTH_MOST)),
    Parameter("max_reply_length", "OCTETS", "of the required reply (default 255)", whole_number(0, _LENGTH_MOST)),
    Parameter(
        "prove_vip",
        "true|false",
        "let silence pass only if the VIP answers an echo (default true; false for servers that filter echo)",
        convert=one_of("true", "false"),
        default="true",
    ),
)


def _prepare(values: Values) -> Step:
    payload = values.octets("payload")
    required = _pattern(values)
    prove = values.text("prove_vip") == "true" and required is None
    sent = _PAYLOAD_DEFAULT if payload is None else payload
    return lambda: UdpExchange(sent, required, new_echo() if prove else None)


def _pattern(values: Values) -> Pattern | None:
    required = values.value("require_reply")
    least, most = values.number("min_reply_length"), values.number("max_reply_length")
    if required is None:
        if least is not None or most is not None:
            raise UsageError("the length of a reply is only looked at where one is required: --require-reply any")
        return None
    assert isinstance(required, tuple)
    octets, mask = required
    bounded = bool(octets) or least is not None or most is not None
    shortest = _MIN_DEFAULT if least is None else least
    longest = (_MAX_DEFAULT if bounded else _LENGTH_MOST) if most is None else most
    if shortest > longest:
        raise UsageError(f"no reply has at least {shortest} and at most {longest} octets")
    return Pattern(octets, mask, shortest, longest)


KINDS = (Kind("udp", "a datagram is not rejected, or answered as required", _PARAMETERS, _prepare),)
