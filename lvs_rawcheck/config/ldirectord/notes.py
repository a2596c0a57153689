# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings as the reading of ldirectord.cf makes them: of remarks, and of what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lvs_rawcheck.config.findings import ERROR, Findings
from lvs_rawcheck.config.ldirectord.values import Refused, Remark
from lvs_rawcheck.config.tree import Span


class Notes(Findings):
    """Findings that also understand remarks and refusals."""

    __slots__ = ()

    def remarks(self, span: Span, remarks: Iterable[Remark]) -> None:
        """Note remarks at a place."""
        for remark in remarks:
            noting = self.error if remark.severity == ERROR else self.warn
            noting(span, remark.kind, remark.sentence)

    @contextmanager
    def refusals(self, span: Span) -> Iterator[None]:
        """Note what is refused inside; the rest of the `with` block is left out then."""
        try:
            yield
        except Refused as refusal:
            self.error(span, refusal.kind, refusal.sentence)
