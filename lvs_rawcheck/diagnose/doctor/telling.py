# SPDX-License-Identifier: GPL-2.0-or-later
"""An examination as text for a terminal: a block for each finding, then a line for each subject, then how many.

Commands are one line each, however long, so that they can be copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from lvs_rawcheck.diagnose.doctor.examination import Examination
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.finding import Finding

COLUMNS = 100
_INDENT = "   "
_SUBJECT_COLUMNS = 34


def lines_of(examination: Examination) -> Iterator[str]:
    """Yield the lines, without control characters of a configuration's."""
    for line in _lines(examination):
        yield "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _lines(examination: Examination) -> Iterator[str]:
    for finding in examination.findings:
        yield from _finding_lines(finding)
        yield ""
    for section in examination.sections:
        yield from _section_lines(section)
    for gap in examination.gaps:
        yield from _filled(f"not looked at: {gap}", "", _INDENT)
    count, partial = len(examination.findings), bool(examination.not_looked_at)
    found = "nothing wrong" if count == 0 else "1 finding" if count == 1 else f"{count} findings"
    yield f"{found}{'; partial: not everything could be looked at' if partial else ''}"


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity}: {finding.where}: {finding.cause}"
    yield from _filled(finding.sentence, _INDENT, _INDENT)
    for evidence in finding.evidence:
        yield from _filled(evidence, f"{_INDENT}seen: ", f"{_INDENT}      ")
    for number, fix in enumerate(finding.fixes):
        head = f"{_INDENT}fix:  " if number == 0 else f"{_INDENT}      "
        if fix.command:
            yield f"{head}{fix.command}"
        else:
            yield from _filled(f"by hand: {fix.instruction}", head, f"{_INDENT}      ")


def _section_lines(section: Section) -> Iterator[str]:
    if section.findings:
        yield f"{section.subject:{_SUBJECT_COLUMNS}} {len(section.findings)} wrong, see above"
    elif section.looked_at:
        head = f"{section.subject:{_SUBJECT_COLUMNS}} ok: "
        yield from _filled(section.looked_at, head, " " * (_SUBJECT_COLUMNS + 1))
    elif not section.gaps:
        yield f"{section.subject:{_SUBJECT_COLUMNS}} -: nothing here to look at"
    for gap in section.gaps:
        yield from _filled(gap, f"{section.subject:{_SUBJECT_COLUMNS}} not looked at: ", " " * (_SUBJECT_COLUMNS + 1))


def _filled(text: str, first: str, following: str) -> list[str]:
    return wrap(
        text,
        COLUMNS,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
