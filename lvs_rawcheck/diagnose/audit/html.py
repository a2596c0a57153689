# SPDX-License-Identifier: GPL-2.0-or-later
"""An audit as one page: no script, nothing to fetch, and all that a stranger said as text, never as markup.

The templates `audit/page.html` and `audit/page.css` are given texts in which every character can be seen; the engine
escapes them. The page's own policy (Content Security Policy Level 3, 6.1 and 8.3) allows its one style by its digest,
and nothing else.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from lvs_rawcheck.diagnose.audit.model import Audit, Cell
from lvs_rawcheck.diagnose.audit.page_findings import SEVERITIES, grouped, unexplained
from lvs_rawcheck.diagnose.audit.page_matrix import DOWN, FLAW, OK, PoolTable, legend_of, state_of
from lvs_rawcheck.diagnose.audit.page_words import number_of, visible
from lvs_rawcheck.diagnose.audit.pools import column_of, pools_of, server_of
from lvs_rawcheck.diagnose.finding import ERROR
from lvs_rawcheck.registry.templates import Templates

_PAGE = "audit/page.html"
_STYLE = "audit/page.css"
_SERVERS_AT_A_GLANCE = 20
"""With more, those without a fault are shown on demand."""


def render(audit: Audit, templates: Templates | None = None) -> str:
    """Return the page. templates: others than the administrator's and the shipped ones. ConfigSyntaxError: theirs."""
    engine = templates or Templates()
    style = engine.render(_STYLE)
    return engine.render(_PAGE, page=_Page(audit), style=style, style_digest=_digest(style))


def tried_templates() -> Templates:
    """Return the templates, read and tried on an audit of nothing; ConfigSyntaxError for a slip in an administrator's.

    Whoever asks a whole site first wants to know before that there will be a page.
    """
    templates = Templates()
    render(Audit(""), templates)
    return templates


def _digest(style: str) -> str:
    return "sha256-" + b64encode(sha256(style.encode()).digest()).decode("ascii")


class _Page:
    """What the page says, in texts."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self.groups = grouped(audit)
        self._numbers = {id(told.finding): told.number for group in self.groups for told in group.findings}
        self.pools = [PoolTable(pool, self._numbers) for pool in pools_of(audit.cells)]
        self.legend = legend_of(audit.cells)
        self.director = visible(audit.director) or "this director"
        self.source = visible(audit.source)
        self.gaps = [visible(gap) for gap in audit.gaps]
        self.notes = [visible(note) for note in audit.notes]
        self.instead = _counted(cell.target.instead for cell in audit.cells if cell.target.instead)
        self.asked = len(audit.cells)
        self.healthy = sum(cell.result.healthy for cell in audit.cells)
        self.servers = len({server_of(cell) for cell in audit.cells})
        self.endpoints = len({column_of(cell) for cell in audit.cells})
        self.any_sorry = any(cell.target.sorry for cell in audit.cells)
        self.unexplained = [unexplained(cell) for cell in audit.cells if self._lacks_words(cell)]

    @property
    def when(self) -> str:
        """Return the local time with its offset from UTC (RFC 3339 5.6, a blank for the T), "" where none is known."""
        began = self._audit.began
        return datetime.fromtimestamp(began).astimezone().isoformat(" ", "seconds") if began > 0 else ""

    @property
    def took(self) -> str:
        """Return how long it took."""
        return f"{self._audit.seconds:.1f} s"

    @property
    def verdict(self) -> str:
        """Return the one line that counts."""
        counts = [(self._count_of(severity), severity) for severity in SEVERITIES]
        told = [number_of(count, severity) for count, severity in counts if count]
        if told:
            return ", ".join(told)
        if not self.asked:
            return "nothing was asked"
        if self.healthy < self.asked:
            return f"{self.asked - self.healthy} of {self.asked} fail"
        return "all pass that were asked" if self.gaps else "all pass"

    @property
    def state(self) -> str:
        """Return how that line looks; OK only where all was asked, and all is well."""
        if self._count_of(ERROR) or self.healthy < self.asked:
            return DOWN
        return FLAW if self._audit.findings or self.gaps or self.unexplained or not self.asked else OK

    @property
    def sound_servers(self) -> int:
        """Return how many servers have no fault where those are shown on demand; 0 where all are shown."""
        troubled = {server_of(cell) for cell in self._audit.cells if state_of(cell) != OK}
        return self.servers - len(troubled) if self.servers > _SERVERS_AT_A_GLANCE and troubled else 0

    def _count_of(self, severity: str) -> int:
        return sum(finding.severity == severity for finding in self._audit.findings)

    def _lacks_words(self, cell: Cell) -> bool:
        return state_of(cell) != OK and not any(id(finding) in self._numbers for finding in cell.findings)


def _counted(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return each distinct text, and of how many cells it is said."""
    return [(visible(text), number_of(times, "cell")) for text, times in Counter(texts).items()]
