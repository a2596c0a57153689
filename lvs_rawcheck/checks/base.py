# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of every check: reasons, verdicts, results, and what a kind of check has to say."""

from __future__ import annotations

from lvs_rawcheck.wire.address import format_address, format_endpoint

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


class Endpoint:
    """What the director forwards: a VIP (4 or 16 octets) and the virtual server's port, 1..65535."""

    __slots__ = ("port", "vip")

    def __init__(self, vip: bytes, port: int) -> None:
        self.vip = vip
        self.port = port

    def __str__(self) -> str:
        return format_endpoint(self.vip, self.port)


class Conversation:
    """What one kind of check says and expects on a byte stream; knows neither sockets nor time.

    Each method returns a Verdict once it knows, None to go on.
    """

    __slots__ = ()

    kind = ""

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


class Result:
    """A verdict and all that belongs to it: the object that `--json` prints."""

    __slots__ = (
        "degraded",
        "elapsed_ms",
        "endpoint",
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
            "port": self.endpoint.port if self.endpoint else None,
            "kind": self.kind,
            "elapsed_ms": round(self.elapsed_ms, 3),
            "phases_ms": {name: round(value, 3) for name, value in self.phases_ms.items()},
        }
        if self.degraded:
            values["degraded"] = True
        if self.vips:
            values["vips"] = [result.to_dict() for result in self.vips]
        return values


def worst(results: list[Result]) -> Result:
    """Return the one that got least far: by the order of the reasons, ok last; of equals the first."""
    return min(results, key=lambda result: REASONS.index(result.verdict.reason) or len(REASONS))
