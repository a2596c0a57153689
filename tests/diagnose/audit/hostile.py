# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server, a file or a host could be called to harm whoever reads about it."""

from __future__ import annotations

from hypothesis import strategies as st

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.diagnose.audit.model import Audit, Cell, Target
from lvs_rawcheck.diagnose.finding import ERROR, Finding
from lvs_rawcheck.diagnose.fix import Fix
from tests.diagnose.audit.sites import cell

_LINES_MOST = 8  # what is more is folded, which changes the page

BREAKERS = (
    "</script>",
    "</style>",
    "</pre>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    '"',
    "'",
    "`",
    "=",
    "&",
    "&#0;",
    "<svg onload=",
    "javascript:",
    "\x00",
    "\x1b[",
    "\r\n",
    "\u2028",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\udc80",
    "\ufdd0",
    "\u05d0",
    "{{",
    "{%",
)
HOSTILE = (
    st.lists(st.sampled_from(BREAKERS) | st.text(min_size=1, max_size=5), min_size=1, max_size=12)
    .map("".join)
    .filter(lambda said: said.count("\n") < _LINES_MOST)
)


def audit_saying(said: str) -> Audit:
    """Return an audit in which every text that can be anything is this one."""
    plain = cell("10.0.0.42", "10.0.0.100", 80)
    finding = Finding(said, ERROR, said, said, [said], [Fix(said, said), Fix(said, instruction=said)])
    target = Target(plain.target.request, said, protocol=said, instead=said)
    told = Cell(target, plain.result, said, [said], [finding])
    told.result.verdict = Verdict(Reason.PROTOCOL, said)
    beside = Cell(target, plain.result, said)
    return Audit(said, [told, beside], [finding], [said], [said], director=said)
