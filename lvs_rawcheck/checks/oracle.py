# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `oracle`: a connection can be made, and that is all.

ldirectord's check_oracle logs in and queries through DBD::Oracle and Oracle's own client library. Their protocol (TNS)
is not published, so here the connection is the check: it shows that the VIP is there and the listener's port is open.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.tcp import TcpConversation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.parameters import Values


class OracleConversation(TcpConversation):
    """Says nothing and expects nothing, and says that it is so."""

    __slots__ = ()

    kind = "oracle"

    def connected(self) -> Verdict | None:
        """Return the verdict: that is all there is to see."""
        return Verdict(Reason.OK, "connected; the connection alone was checked, not the database behind it")


def _prepare(values: Values) -> Step:
    return OracleConversation


KINDS = (Kind("oracle", "a TCP connection can be made; the database is not asked", (), _prepare),)
