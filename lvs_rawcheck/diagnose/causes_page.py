# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual page lvs-rawcheck.causes(7), made of the table: `python3 -m lvs_rawcheck.diagnose.causes_page`.

Reading list: mdoc(7). Addresses are those for documentation (RFC 5737, RFC 3849).
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.causes import CAUSES, fixes_of, sentence_beside, sentence_of, severity_of
from lvs_rawcheck.diagnose.fix import Fix
from lvs_rawcheck.diagnose.observations import Place
from lvs_rawcheck.diagnose.scene import Scene
from lvs_rawcheck.diagnose.signatures import ANSWER_NAMES, BESIDE, SIGNATURES, Signature
from lvs_rawcheck.wire.address import parse_address

_DATE = "November 22, 2026"
_COLUMNS = 110
_MAC, _STRANGER = "02:00:00:00:02:00", "02:00:00:00:03:00"
_SAID = "WHAT THE CHECK SAID"


def _scene(real: str, vip: str) -> Scene:
    return Scene(parse_address(real), parse_address(vip), 80, "eth0", _MAC, _SAID, strangers=_STRANGER, real_port=8080)


_SCENE4, _SCENE6 = _scene("192.0.2.42", "192.0.2.100"), _scene("2001:db8::42", "2001:db8::100")

_QUESTIONS = {
    "echo": "echo to the VIP at the real server's MAC",
    "vip_neighbour": "who has the VIP, asked of that MAC",
    "own_service": "the service at the real server's own address",
    "own_neighbour": "who has that address",
    "error": "an ICMP error about our packets",
    "full_echo": "an echo that fills a frame",
    "answerer_echo": "echo to the VIP at the MAC that answered for the real server's address",
    "others": "who has the VIP, asked of all",
    "announced": "the real server heard speaking as the VIP",
    "again": "further connections",
}
"""The probes in words; of the names of the `Observations`."""
_PLACES = {
    Place.WIRE: "",
    Place.LOCAL: "the real server is this host",
    Place.OWN_ADDRESS: "the real server is this host, asked at its own address",
    Place.NOWHERE: "nothing was sent",
}

_HEAD = f"""\
.\\" SPDX-License-Identifier: GPL-2.0-or-later
.Dd {_DATE}
.Dt LVS-RAWCHECK.CAUSES 7
.Os Debian
.Sh NAME
.Nm lvs-rawcheck.causes
.Nd what may be wrong with a data path of direct routing, how it shows, and what mends it
.Sh SYNOPSIS
.Nm lvs-rawcheck Cm explain | audit
.Sh DESCRIPTION
These are the causes that
.Xr lvs-rawcheck-explain 8
and
.Ql lvs-rawcheck audit
name, in the order in which a packet meets them.
Of several the first is named, and the others are mentioned.
.Pp
For each it is told which answers make it: what the check brought, then the probes that follow.
A remedy is a list of steps, in the order in which they must be done.
Shown as commands are those that can be given as they are, by root, on the host that is named; they end, ask nothing,
and may be given twice.
What wants a decision is told in words.
No command opens a firewall.
.Pp
In what follows the director checks the real server 192.0.2.42 for the VIP 192.0.2.100, port 80; by IPv6 they are
2001:db8::42 and 2001:db8::100.
.Sh CAUSES
"""
_FOOT = """\
.Sh FILES
.Bl -tag -width Ds
.It Pa /etc/sysctl.d/60-lvs-rawcheck.conf
Where the commands keep a real server's settings.
.El
.Sh EXAMPLES
.Bd -literal -offset indent
lvs-rawcheck explain tcp 192.0.2.42 192.0.2.100 80
.Ed
.Sh SEE ALSO
.Xr ip-address 8 ,
.Xr ip-neighbour 8 ,
.Xr lvs-rawcheck 8 ,
.Xr lvs-rawcheck-explain 8 ,
.Xr sysctl 8
"""


def page() -> str:
    """Return the page."""
    return _HEAD + "\n".join(line for cause in CAUSES for line in _cause_lines(cause)) + "\n" + _FOOT


def _cause_lines(cause: str) -> Iterator[str]:
    yield f".Ss {cause}"
    severity = severity_of(cause)
    yield from _text(sentence_of(cause, _SCENE4))
    if CAUSES[cause].beside:
        yield from _text(f"Where another cause is named first: {sentence_beside(cause, _SCENE4)}")
    if severity:
        yield ".Pp"
        yield from _text(f"Severity: {severity}.")
    yield from _sign_lines(cause)
    yield from _fix_lines("Remedy:", fixes_of(cause, _SCENE4))
    if CAUSES[cause].fixes_ipv6:
        yield from _fix_lines("Remedy for IPv6:", fixes_of(cause, _SCENE6))


def _sign_lines(cause: str) -> Iterator[str]:
    signs = [_sign(row) for row in (*SIGNATURES, *BESIDE) if row.cause == cause]
    if cause == signatures.CANNOT_JUDGE:
        signs = ["check: cannot-judge"]
    elif cause == signatures.UNCLEAR:
        signs = ["the check failed, and the answers are none of those told here"]
    elif cause in signatures.FROM_CONFIGURATION:
        signs = ["a configuration; no answer tells"]
    elif cause in signatures.OF_SEVERAL_SERVERS:
        signs = ["a comparison of the servers of one service"]
    yield ".Pp"
    yield "Known by, one of:" if len(signs) > 1 else "Known by:"
    yield ".Bl -bullet -compact"
    for sign in signs:
        yield ".It"
        yield from _text(sign)
    yield ".El"


def _sign(row: Signature) -> str:
    """Return a row in words."""
    asked = [(name, getattr(row, name)) for name in ANSWER_NAMES]
    words = [_PLACES[row.place]] if row.place != Place.WIRE else []
    words.append(f"check: {_any_of(row.check)}")
    words += [f"{_QUESTIONS[name]}: {_any_of(answers)}" for name, answers in asked if answers is not None]
    if row.passed_over:
        words.append("something came that was no answer")
    if row.protocol is not None:
        words.append("the protocol has ports")
    return "; ".join(words)


def _any_of(answers: object) -> str:
    assert isinstance(answers, tuple)
    words = [str(answer) for answer in answers]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _fix_lines(heading: str, fixes: list[Fix]) -> Iterator[str]:
    if not fixes:
        return
    yield ".Pp"
    yield heading
    yield ".Bl -enum -compact"
    for fix in fixes:
        yield ".It"
        if fix.command:
            yield f"On {fix.host}:"
            yield ".Bd -literal -compact"
            yield _escaped(fix.command)
            yield ".Ed"
        else:
            yield from _text(f"On {fix.host}, by hand: {fix.instruction}.")
    yield ".El"


def _text(text: str) -> list[str]:
    """Return running text in lines that mdoc takes for nothing else, a sentence each or less."""
    sentences = text.replace(". ", ".\n").split("\n")
    lines = [line for sentence in sentences for line in wrap(sentence, _COLUMNS, break_on_hyphens=False)]
    return [_escaped(line) for line in lines]


def _escaped(line: str) -> str:
    escaped = line.replace("\\", "\\e")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    print(page(), end="")
