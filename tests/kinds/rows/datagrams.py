# SPDX-License-Identifier: GPL-2.0-or-later
"""dns, udp, radius: BIND and freeradius."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason
from tests.checks.site import SHORT
from tests.kinds.matrix import Row, Wrong
from tests.kinds.secrets import secret
from tests.netns.daemons import names, radius

DNS, RADIUS = 53, 1812

_WWW = ("--name", f"www.{names.ZONE}", "--type", "A")
_TCP = ("--protocol", "tcp")
_EXPECTED = (*_WWW, "--expect", names.WWW4)
_OTHER_QUESTIONS = (
    (*_WWW[:2], "--type", "AAAA", "--expect", names.WWW6),
    (*_WWW, "--receive", r"^192\.0\.2\.80$"),
    ("--name", f"alias.{names.ZONE}", "--type", "A", "--expect", names.WWW4),
    ("--name", names.ZONE),
)
_WRONG_ANSWERS = (
    Wrong("it has another address", Reason.RESPONSE, (*_WWW, "--expect", "192.0.2.81"), "192.0.2.81"),
    Wrong("the pattern matches nothing", Reason.RESPONSE, (*_WWW, "--receive", "^198"), "198"),
    Wrong("there is no such name", Reason.RESPONSE, ("--name", f"none.{names.ZONE}", "--type", "A"), "NXDOMAIN"),
    Wrong("the zone is another's", Reason.RESPONSE, ("--name", "elsewhere.test"), "REFUSED"),
)
_QUERY = "".join(("4a4b 0000 0001 0000 0000 0000 07", b"example".hex(), "00 0006 0001"))  # SOA, RFC 1035 4.1
_ASKED = ("--payload", _QUERY)


def _login(password: str = radius.PASSWORD, shared: str = radius.SECRET, user: str = radius.USER) -> tuple[str, ...]:
    return ("--login", user, "--password-file", secret(password), "--secret-file", secret(shared))


ROWS = (
    Row("dns", names.named, DNS, _EXPECTED, _WRONG_ANSWERS, _OTHER_QUESTIONS, stopped=Reason.UNREACHABLE),
    Row(
        "dns",
        names.named,
        DNS,
        (*_EXPECTED, *_TCP),
        tuple(Wrong(each.why, each.reason, (*each.options, *_TCP), each.says) for each in _WRONG_ANSWERS),
        name="tcp",
    ),
    Row(
        "udp",
        names.named,
        DNS,
        (*_ASKED, "--require-reply", "4a4b 8xx0"),
        (
            Wrong("it answers something else", Reason.RESPONSE, (*_ASKED, "--require-reply", "4a4c")),
            Wrong(
                "it answers too much", Reason.RESPONSE, (*_ASKED, "--require-reply", "4a", "--max-reply-length", "9")
            ),
        ),
        also=((*_ASKED, "--require-reply", "any"),),
        stopped=Reason.UNREACHABLE,
        name="answered",
    ),
    Row(
        "udp",
        radius.freeradius,
        RADIUS,
        wrong=(Wrong("it does not answer what is no RADIUS", Reason.NO_ANSWER, ("--require-reply", "any")),),
        timeout=SHORT,
        stopped=Reason.UNREACHABLE,
        name="silent",
    ),
    Row(
        "radius",
        radius.freeradius,
        RADIUS,
        _login(),
        (
            Wrong("the password is wrong", Reason.RESPONSE, _login("sesame"), "refused"),
            Wrong("there is no such user", Reason.RESPONSE, _login(user="bob"), "refused"),
            # RFC 3579 3.2: a request whose Message-Authenticator is wrong must be discarded silently.
            Wrong("the secret is another", Reason.NO_ANSWER, _login(shared="guess"), silent=True),
        ),
        stopped=Reason.UNREACHABLE,
    ),
)
