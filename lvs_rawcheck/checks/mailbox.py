# SPDX-License-Identifier: GPL-2.0-or-later
"""What imap and pop have in common: a course that greets or logs in, and a twin over TLS."""

from __future__ import annotations

from lvs_rawcheck.checks.credentials import CREDENTIALS, credentials_of
from lvs_rawcheck.checks.dialogue import Dialogue
from lvs_rawcheck.checks.stream_kinds import stream_kind, tls_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.credentials import Credentials
    from lvs_rawcheck.checks.dialogue import Course
    from lvs_rawcheck.checks.kind import Kind
    from lvs_rawcheck.checks.parameters import Values
    from lvs_rawcheck.checks.replies import Reader


def mailbox_kinds(
    name: str,
    summary: str,
    make_reader: Callable[[], Reader],
    greeting_course: Callable[[], Course],
    login_course: Callable[[Credentials], Course],
) -> tuple[Kind, Kind]:
    """Return the kind of that name, and the one with an s, which always speaks TLS."""

    def prepare_as(kind: str) -> Callable[[Values], Callable[[], Dialogue]]:
        def prepare(values: Values) -> Callable[[], Dialogue]:
            user = credentials_of(values)
            return lambda: Dialogue(kind, make_reader(), greeting_course() if user is None else login_course(user))

        return prepare

    return (
        stream_kind(name, summary, CREDENTIALS, prepare_as(name)),
        tls_kind(f"{name}s", f"{summary}, over TLS", CREDENTIALS, prepare_as(f"{name}s")),
    )
