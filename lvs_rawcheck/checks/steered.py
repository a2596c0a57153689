# SPDX-License-Identifier: GPL-2.0-or-later
"""What every check on the wire has in common, a connection or an exchange of datagrams: one VIP at one MAC.

Who answered (the source MAC), our own frames coming back, silence until the deadline. A verdict once given is
never changed.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.wire.address import format_address, format_mac
from lvs_rawcheck.wire.ip import TTL_DEFAULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Endpoint
    from lvs_rawcheck.checks.reply_mac import ReplyMac

_SILENCE = (Reason.NO_NEIGHBOUR, Reason.NO_ANSWER, Reason.WRONG_MAC)


def flow_key(protocol: int, number: int) -> int:
    """Return what frames find their flow by: the IP protocol, and the number that is ours in it, 0..65535."""
    return protocol << 16 | number


class SteeredFlow:
    """A check of one endpoint, from its first packet until it has left. The driver calls it, and sends for it.

    peer_port: the other end's, as an ICMP error quotes it; 0 where the protocol has none. deadline: monotonic
    seconds, absolute.
    """

    __slots__ = (
        "_answered_from",
        "_doubt_at",
        "_reply_mac",
        "_stray_mac",
        "connected_at",
        "deadline",
        "doubtful",
        "endpoint",
        "key",
        "mac",
        "peer_port",
        "phases",
        "silent_neighbour",
        "started_at",
        "steered_at",
        "verdict",
    )

    def __init__(
        self, endpoint: Endpoint, key: int, peer_port: int, reply_mac: ReplyMac, now: float, deadline: float
    ) -> None:
        self.endpoint = endpoint
        self.key = key
        self.peer_port = peer_port
        self.mac: bytes | None = None
        """Where our frames go, None while the real server's MAC is unknown."""
        self.verdict: Verdict | None = None
        self.deadline = deadline
        self.started_at = now
        self.steered_at: float | None = None
        self.connected_at: float | None = None
        """When the conversation could begin; never, for datagrams."""
        self.phases: list[float] = []
        """When each phase that the conversation names was reached, monotonic seconds."""
        self.doubtful = False
        """What was sent went unanswered since this was last set to False."""
        self._doubt_at: float | None = None
        """When to doubt the MAC, where the deadline leaves no time to wait until it is sent again."""
        self._reply_mac = reply_mac
        self._stray_mac: bytes | None = None
        self._answered_from: bytes | None = None
        self.silent_neighbour = False
        """Whether the real server was asked for on the wire, and has not answered so far."""

    @property
    def finished(self) -> bool:
        """Return whether verdict and farewell are both over."""
        raise NotImplementedError

    @property
    def was_answered(self) -> bool:
        """Return whether the verdict is one that only an answer can bring about."""
        return self.verdict is not None and self.verdict.reason not in _SILENCE

    def steer(self, mac: bytes, now: float) -> None:
        """Send to this MAC from now on; where nobody had answered at the old one, begin again."""
        raise NotImplementedError

    def receive_icmp_error(self, sentence: str, quoted_seq: int | None, source_mac: bytes) -> None:
        """Take in an ICMP error that quotes a packet of ours, its addresses and ports already matched."""
        raise NotImplementedError

    def packets_to_send(self, now: float) -> list[bytes]:
        """Return the IP packets that are due, in order, all for `mac`."""
        raise NotImplementedError

    def next_timer(self) -> float:
        """Return when `handle_timer` wants to be called: at the deadline at the latest."""
        raise NotImplementedError

    def handle_timer(self, now: float) -> None:
        """Send again, or end what has had its time."""
        raise NotImplementedError

    # For the flows themselves --------------------------------------------------------------------------

    def _plan_doubt(self, now: float, interval: float) -> None:
        """Doubt the MAC when half of the time is gone, where that is before it is sent again after interval."""
        half = (self.deadline - now) / 2
        self._doubt_at = now + half if half < interval else None

    def _hears(self, source_mac: bytes) -> bool:
        """Return whether what comes from this MAC counts."""
        return source_mac == self.mac or (self.mac is not None and self._reply_mac.allows(source_mac))

    def _decide_looped(self, source_mac: bytes, ttl: int) -> None:
        """Judge a packet of ours that came back: one hop older and from the real server, it was forwarded.

        With the same TTL, or from another sender, a mirror port shows our own frames as they were.
        """
        if source_mac == self.mac and ttl < TTL_DEFAULT:
            sentence = f"our own frame came back with TTL {ttl}: the server forwards, it lacks the VIP"
            self._decide(Verdict(Reason.LOOPED, sentence))

    def _decide(self, verdict: Verdict) -> None:
        if self.verdict is not None:
            return
        if self._answered_from is not None:
            verdict.detail += f"; answered from {format_mac(self._answered_from)}"
        self.verdict = verdict
        self._leave()

    def _leave(self) -> None:
        """Say farewell, the verdict being given."""

    def _verdict_of_silence(self) -> Verdict:
        """Return what the deadline means where nothing that counts was heard."""
        if self._stray_mac is not None:
            return self._reply_mac.verdict(self._stray_mac)
        if self.mac is None:
            return Verdict(Reason.NO_NEIGHBOUR, "nobody has the real server's address: host down, or wrong")
        if self.silent_neighbour:
            return Verdict(
                Reason.NO_NEIGHBOUR,
                f"no answer at {format_mac(self.mac)}, and nobody has the real server's address: host down",
            )
        vip = format_address(self.endpoint.vip)
        return Verdict(Reason.NO_ANSWER, f"frames to {vip} at {format_mac(self.mac)} vanish: VIP missing or filtered")
