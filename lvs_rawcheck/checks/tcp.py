# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `tcp`: healthy when a connection can be made, as keepalived's TCP_CHECK (check_tcp.c) has it."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Conversation, Reason, Verdict
from lvs_rawcheck.checks.kind import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.parameters import Values


class TcpConversation(Conversation):
    """Says nothing and expects nothing: the handshake is the answer."""

    __slots__ = ()

    kind = "tcp"

    def connected(self) -> Verdict | None:
        """Return the verdict: that is all there is to see."""
        return Verdict(Reason.OK, "connected")

    def data_received(self, octets: bytes) -> Verdict | None:
        """Pass over a banner: the verdict was given when the connection was made."""
        return None

    def peer_closed(self) -> Verdict | None:
        """Pass over the end: the verdict was given when the connection was made."""
        return None


def _prepare(values: Values) -> Step:
    return TcpConversation


KINDS = (Kind("tcp", "a TCP connection can be made", (), _prepare),)
