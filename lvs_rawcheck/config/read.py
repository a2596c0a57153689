# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of a configuration that was read, whatever its dialect."""

from __future__ import annotations

from lvs_rawcheck.config.findings import ERROR, Finding, Findings
from lvs_rawcheck.config.tree import SourceFile


class ReadConfiguration:
    """Files, and what was noticed in them. files: by path, the main one first."""

    def __init__(self, main: SourceFile, files: dict[str, SourceFile], findings: Findings) -> None:
        self.main = main
        self.files = files
        self._findings = findings

    @property
    def findings(self) -> list[Finding]:
        """Return what was noticed, in the order in which it was met."""
        return self._findings.all()

    @property
    def errors(self) -> list[Finding]:
        """Return the findings that say that the text is not read as it was meant, or not at all."""
        return [finding for finding in self.findings if finding.severity == ERROR]

    def require_sound(self) -> None:
        """Raise the first error as ConfigError, if there is one."""
        for finding in self.errors:
            raise finding.to_error()

    def text(self, path: str) -> bytes:
        """Return the octets of one of the files."""
        return self.files[path].octets
