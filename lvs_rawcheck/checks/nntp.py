# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `nntp`: a news server that greets with 2xx, as ldirectord's check_nntp (RFC 3977 5.1: 200 or 201).

It says nothing, not even goodbye, and neither do we.
"""

from __future__ import annotations

from lvs_rawcheck.checks.dialogue import Ask, Course, Dialogue
from lvs_rawcheck.checks.replies import NntpReader
from lvs_rawcheck.checks.stream_kinds import stream_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.parameters import Values


def greeting_course() -> Course:
    """Return a course that only listens."""
    reply = yield Ask("the greeting", ("2",))
    return f"{reply.status} to the connection"


def _prepare(values: Values) -> Callable[[], Dialogue]:
    return lambda: Dialogue("nntp", NntpReader(), greeting_course())


KINDS = (stream_kind("nntp", "a news server greets", (), _prepare),)
