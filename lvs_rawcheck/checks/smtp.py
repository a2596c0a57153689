# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds `smtp` and `submission`: a mail server that greets and answers a greeting.

Two programs, two manners, and `hello` says whose:
- helo: as keepalived's SMTP_CHECK (smtp_engine_thread in check_smtp.c): a banner with 220, HELO answered with 250, QUIT
  answered with any line at all. The default of `smtp`.
- ehlo: as ldirectord's check_smtp (Net::SMTP): a banner with 2xx, EHLO answered with 2xx, or refused with 5xx and then
  HELO answered with 2xx; what becomes of QUIT does not matter. The default of `submission`, which only ldirectord has.

Replies of several lines are read as RFC 5321 4.2.1 has them. SMTP_CHECK takes none: it calls a server down whose banner
has two lines, which is not imitated.
"""

from __future__ import annotations

from lvs_rawcheck.checks.credentials import demand_line
from lvs_rawcheck.checks.dialogue import ANYTHING, Ask, Course, Dialogue, Farewell
from lvs_rawcheck.checks.parameters import Parameter, Values, one_of
from lvs_rawcheck.checks.replies import SmtpReader
from lvs_rawcheck.checks.stream_kinds import stream_kind
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HELO, EHLO = "helo", "ehlo"
_NAME_DEFAULT = {
    HELO: "smtpchecker.keepalived.org",  # SMTP_CHECK's helo_name, keepalived.conf(5)
    EHLO: "localhost.localdomain",  # Net::SMTP's Hello
}
_QUIT = "QUIT"


def helo_course(name: str) -> Course:
    """Return what SMTP_CHECK says: its verdict wants the goodbye answered."""
    yield Ask("the banner", ("220",))
    yield Ask("the answer to HELO", ("250",), f"HELO {name}")
    yield Ask("the answer to QUIT", ANYTHING, _QUIT)
    return "220 to the connection, 250 to HELO, QUIT answered"


def ehlo_course(name: str) -> Course:
    """Return what Net::SMTP says."""
    yield Ask("the banner", ("2",))
    said = "EHLO"
    reply = yield Ask("the answer to EHLO", ("2", "5"), f"EHLO {name}")
    if reply.status.startswith("5"):
        said = "HELO"
        reply = yield Ask("the answer to HELO, EHLO having been refused", ("2",), f"HELO {name}")
    detail = f"{reply.status} to {said}"
    yield Farewell(_QUIT, detail)
    return detail


_COURSES = {HELO: helo_course, EHLO: ehlo_course}


def _parameters(hello_default: str) -> tuple[Parameter, ...]:
    return (
        Parameter(
            "hello",
            "MANNER",
            "helo: HELO, and QUIT must be answered, as keepalived; ehlo: EHLO, or HELO where that is refused, and no "
            f"matter what becomes of QUIT, as ldirectord (default {hello_default})",
            convert=one_of(HELO, EHLO),
            default=hello_default,
        ),
        Parameter(
            "helo_name",
            "NAME",
            f"the name to greet with (default {_NAME_DEFAULT[HELO]}; with ehlo {_NAME_DEFAULT[EHLO]})",
        ),
    )


def _name_of(values: Values, hello: str) -> str:
    name = values.text("helo_name")
    if name is None:
        return _NAME_DEFAULT[hello]
    demand_line("helo_name", name)
    if not name or not name.isprintable() or " " in name:
        raise UsageError(f"helo_name is one word, not {name!r}")
    return name


def _prepare(kind: str) -> Callable[[Values], Callable[[], Dialogue]]:
    def prepare(values: Values) -> Callable[[], Dialogue]:
        hello = values.text("hello") or HELO
        course, name = _COURSES[hello], _name_of(values, hello)
        return lambda: Dialogue(kind, SmtpReader(), course(name))

    return prepare


KINDS = (
    stream_kind("smtp", "a mail server greets (SMTP_CHECK)", _parameters(HELO), _prepare("smtp")),
    stream_kind("submission", "a submission server greets", _parameters(EHLO), _prepare("submission")),
)
