# SPDX-License-Identifier: GPL-2.0-or-later
"""An examination as text for a terminal: a block for each finding, then a line for each subject, then how many.

Commands are one line each, however long, so that they can be copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from lvs_rawcheck.diagnose.doctor.examination import Examination
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.finding import Finding

COLUMNS = 100
"""So many at most, and where no terminal says how wide it is."""
_COLUMNS_LEAST = 60
_INDENT = "   "
_SUBJECT_COLUMNS = 34


def lines_of(examination: Examination, columns: int = COLUMNS) -> Iterator[str]:
    """Yield the lines, without control characters of a configuration's. columns: of the terminal."""
    for line in _Teller(min(max(columns, _COLUMNS_LEAST), COLUMNS)).lines(examination):
        yield "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Fills lines of so many characters."""

    columns: int

    def lines(self, examination: Examination) -> Iterator[str]:
        for finding in examination.findings:
            yield from self._finding_lines(finding)
            yield ""
        for section in examination.sections:
            yield from self._section_lines(section)
        for gap in examination.gaps:
            yield from self._filled(f"not looked at: {gap}", "", _INDENT)
        yield _last_line(examination)

    def _finding_lines(self, finding: Finding) -> Iterator[str]:
        yield f"{finding.severity}: {finding.where}: {finding.cause}"
        yield from self._filled(finding.sentence, _INDENT, _INDENT)
        for evidence in finding.evidence:
            yield from self._filled(evidence, f"{_INDENT}seen: ", f"{_INDENT}      ")
        for number, fix in enumerate(finding.fixes):
            head = f"{_INDENT}fix:  " if number == 0 else f"{_INDENT}      "
            if fix.command:
                yield f"{head}{fix.command}"
            else:
                yield from self._filled(f"by hand: {fix.instruction}", head, f"{_INDENT}      ")

    def _section_lines(self, section: Section) -> Iterator[str]:
        if section.findings:
            yield f"{section.subject:{_SUBJECT_COLUMNS}} {len(section.findings)} wrong, see above"
        elif section.looked_at:
            head = f"{section.subject:{_SUBJECT_COLUMNS}} ok: "
            yield from self._filled(section.looked_at, head, " " * (_SUBJECT_COLUMNS + 1))
        elif not section.gaps:
            yield f"{section.subject:{_SUBJECT_COLUMNS}} -: nothing here to look at"
        for gap in section.gaps:
            yield from self._filled(
                gap, f"{section.subject:{_SUBJECT_COLUMNS}} not looked at: ", " " * (_SUBJECT_COLUMNS + 1)
            )

    def _filled(self, text: str, first: str, following: str) -> list[str]:
        return wrap(
            text,
            self.columns,
            initial_indent=first,
            subsequent_indent=following,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _last_line(examination: Examination) -> str:
    count, partial = len(examination.findings), bool(examination.not_looked_at)
    found = "nothing wrong" if count == 0 else "1 finding" if count == 1 else f"{count} findings"
    return f"{found}{'; partial: not everything could be looked at' if partial else ''}"
