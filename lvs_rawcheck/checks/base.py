# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of every check: reasons, verdicts, results, and what a kind of check has to say."""

from __future__ import annotations

from lvs_rawcheck.wire.address import format_address, format_endpoint
from lvs_rawcheck.wire.ip import PROTO_UDP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RAW = "raw"
STANDARD = "standard"


class Reason:
    """The closed list, in the order in which a check meets them; programs read these words."""

    OK = "ok"
    CANNOT_JUDGE = "cannot-judge"
    NOT_ON_LINK = "not-on-link"
    NO_NEIGHBOUR = "no-neighbour"
    NO_ANSWER = "no-answer"
    LOOPED = "looped"
    UNREACHABLE = "unreachable"
    WRONG_ADDRESS = "wrong-address"
    WRONG_MAC = "wrong-mac"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    CLOSED = "closed"
    PROTOCOL = "protocol"
    TLS = "tls"
    STATUS = "status"
    HEADER = "header"
    BODY = "body"
    DIGEST = "digest"
    REGEX = "regex"
    RESPONSE = "response"


REASONS = tuple(value for name, value in vars(Reason).items() if name.isupper())


class Verdict:
    """One answer: `healthy` exactly when the reason is ok; `detail` is a sentence for people."""

    __slots__ = ("detail", "reason")

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail

    @property
    def healthy(self) -> bool:
        """Return whether the server may have traffic."""
        return self.reason == Reason.OK


NO_PORT = 0


class Endpoint:
    """What the director forwards: a VIP (4 or 16 octets) and the virtual server's port, 1..65535, or NO_PORT."""

    __slots__ = ("port", "vip")

    def __init__(self, vip: bytes, port: int) -> None:
        self.vip = vip
        self.port = port

    def __str__(self) -> str:
        return format_address(self.vip) if self.port == NO_PORT else format_endpoint(self.vip, self.port)


FIRST_OCTET = ("first_octet",)
"""The phases of a conversation that has heard something, and knows no others."""


class Conversation:
    """What one kind of check says and expects on a byte stream; knows neither sockets nor time.

    The three that take something in return a Verdict once they know, None to go on.
    """

    __slots__ = ()

    kind = ""

    def note_endpoint(self, endpoint: Endpoint) -> None:
        """Take note of what is checked, before all else; on every path it is what the clients call."""

    def connected(self) -> Verdict | None:
        """Take note that the stream is open."""
        raise NotImplementedError

    def data_received(self, octets: bytes) -> Verdict | None:
        """Take in the next octets of the stream."""
        raise NotImplementedError

    def peer_closed(self) -> Verdict | None:
        """Take note that no more octets will come."""
        raise NotImplementedError

    def octets_to_send(self) -> bytes:
        """Return what is to be sent now, b"" for nothing; each octet is returned once."""
        return b""

    @property
    def has_said_all(self) -> bool:
        """Return whether to close our half of the stream once all is sent: some servers answer only then."""
        return False

    def settled(self) -> Verdict | None:
        """Return the verdict where it stands already, while a goodbye is on its way: no silence or error changes it."""
        return None

    def awaiting(self) -> str:
        """Return what is being waited for, to be said where the deadline comes first: `the banner`."""
        return ""

    def phases_reached(self) -> Sequence[str]:
        """Return the names of the milestones passed so far, in order: `tls`, `first_octet`."""
        return ()

    @property
    def ready_for_tls(self) -> bool:
        """Return whether the stream is to be secured now, in the middle of a conversation begun in the clear."""
        return False

    def secured(self) -> Verdict | None:
        """Take note that the stream has been secured, as `ready_for_tls` asked."""
        return None

    def facts(self) -> dict[str, object]:
        """Return what JSON says besides the verdict."""
        return {}

    def describe(self, octets: bytes) -> list[str]:
        """Return lines that tell some octets of the stream, of either direction, in the protocol's own words."""
        from lvs_rawcheck.checks.narration import lines_of  # for `explain`: no check loads it

        return lines_of(octets)


class Exchange:
    """What one kind of check says and expects in datagrams; knows neither sockets nor time."""

    __slots__ = ()

    kind = ""
    protocol = PROTO_UDP
    """What carries the datagrams, an IP protocol number: UDP, ICMP of either version, SCTP."""
    interval = 0.5
    """Seconds after which the datagram is sent again while nothing has come."""

    def note_endpoint(self, endpoint: Endpoint) -> None:
        """Take note of what is checked, before all else; on every path it is what the clients call."""

    def datagram_to_send(self) -> bytes:
        """Return the datagram's payload; the same one each time."""
        raise NotImplementedError

    def datagram_received(self, octets: bytes) -> Verdict | None:
        """Return what a payload means, None if it is no answer to ours.

        It may be asked more than once: whether an answer counts is judged outside, by where it came from.
        """
        raise NotImplementedError

    def farewell(self) -> bytes:
        """Return the payload that an answer obliges us to send, once, when the verdict is given; b"" for none."""
        return b""

    def silence(self) -> Verdict | None:
        """Return what silence until the deadline means, None where an answer was needed."""
        return None

    def companion(self) -> Exchange | None:
        """Return what is asked at the same time where it is the VIP that is asked, None for nothing.

        Silence then means what `silence` says only if the companion was answered well. It is the same one each time.
        """
        return None

    def phases_reached(self) -> Sequence[str]:
        """Return the name of the one milestone that an exchange has, once it was passed."""
        return ("answer",)

    def facts(self) -> dict[str, object]:
        """Return what JSON says besides the verdict."""
        return {}

    def describe(self, octets: bytes) -> list[str]:
        """Return lines that tell a payload, of either direction, in the protocol's own words."""
        from lvs_rawcheck.checks.narration import lines_of  # for `explain`: no check loads it

        return lines_of(octets)


class Result:
    """A verdict and all that belongs to it: the object that `--json` prints."""

    __slots__ = (
        "degraded",
        "elapsed_ms",
        "endpoint",
        "facts",
        "kind",
        "notes",
        "path",
        "phases_ms",
        "real_ip",
        "role",
        "verdict",
        "vips",
    )

    def __init__(self, kind: str, real_ip: bytes | None, endpoint: Endpoint | None, verdict: Verdict) -> None:
        self.kind = kind
        self.real_ip = real_ip
        """None where the arguments did not even name one."""
        self.endpoint = endpoint
        self.verdict = verdict
        self.path: str | None = None
        """`raw`, `standard`, or None when neither was begun."""
        self.role: str | None = None
        """`master`, `backup`, or None where nothing says so."""
        self.degraded = False
        """True: the raw check could not judge, and the standard one answered in its place."""
        self.notes: list[str] = []
        """Sentences for the log: what was wrong on our side and how it was taken."""
        self.elapsed_ms = 0.0
        self.phases_ms: dict[str, float] = {}
        self.facts: Callable[[], dict[str, object]] | None = None
        """What the last conversation has to say besides, asked for only where somebody reads it."""
        self.vips: list[Result] = []
        """With several VIPs: one result each; this one is then the worst of them."""

    @property
    def healthy(self) -> bool:
        """Return whether the server may have traffic."""
        return self.verdict.healthy

    def __str__(self) -> str:
        """Return the line that an operator reads: `10.0.0.100:80 via 10.0.0.42 down: refused: ...`."""
        where = str(self.endpoint) if self.endpoint else "the check"
        via = f" via {format_address(self.real_ip)}" if self.real_ip else ""
        note = " (standard check)" if self.path == STANDARD else ""
        if self.degraded:
            note = " (standard check: the raw one could not judge)"
        state = "up" if self.healthy else f"down: {self.verdict.reason}"
        return f"{where}{via} {state}{note}: {self.verdict.detail}"

    def to_dict(self) -> dict[str, object]:
        """Return what JSON says of this result."""
        values: dict[str, object] = {
            "healthy": self.healthy,
            "reason": self.verdict.reason,
            "detail": self.verdict.detail,
            "path": self.path,
            "role": self.role,
            "real_server": format_address(self.real_ip) if self.real_ip else None,
            "vip": format_address(self.endpoint.vip) if self.endpoint else None,
            "port": (self.endpoint.port or None) if self.endpoint else None,
            "kind": self.kind,
            "elapsed_ms": round(self.elapsed_ms, 3),
            "phases_ms": {name: round(value, 3) for name, value in self.phases_ms.items()},
        }
        if self.facts is not None:
            values.update(self.facts())
        if self.degraded:
            values["degraded"] = True
        if self.vips:
            values["vips"] = [result.to_dict() for result in self.vips]
        return values


def worst(results: list[Result]) -> Result:
    """Return the one that got least far: by the order of the reasons, ok last; of equals the first."""
    return min(results, key=lambda result: REASONS.index(result.verdict.reason) or len(REASONS))


GOODBYE_SECONDS = 0.25
"""How long the answer to a goodbye is waited for, the verdict being settled: whatever follows needs its time too."""


def timed_out(conversation: Conversation) -> Verdict:
    """Return what the deadline means once the stream is open."""
    settled = conversation.settled()
    if settled is not None:
        return settled
    awaited = conversation.awaiting()
    what = f"{awaited} did not come" if awaited else "silence"
    return Verdict(Reason.TIMEOUT, f"connected, then {what} until the deadline")


SHOWN_CHARACTERS = 80


def shown(octets: bytes) -> str:
    """Return what a server said, fit to be quoted in a sentence: printable, and not long."""
    text = ascii(octets[: SHOWN_CHARACTERS + 1].decode("ascii", "backslashreplace"))
    return text if len(octets) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}'..."
