# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts read as a keepalived.conf would be, from the disk of this test."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lvs_rawcheck.config.findings import Findings
from lvs_rawcheck.config.keepalived import Configuration, read_keepalived
from lvs_rawcheck.config.keepalived.configuration import DEBIAN_12
from lvs_rawcheck.config.keepalived.expander import EndOfReading
from lvs_rawcheck.config.keepalived.files import Files
from lvs_rawcheck.config.keepalived.lines import Line, Version
from lvs_rawcheck.config.keepalived.reading import Reading
from lvs_rawcheck.config.keepalived.words import words_of

NODE = "lb1"


def written(folder: Path, text: str | bytes, others: Mapping[str, str] | None = None) -> Path:
    """Return the path of a configuration with this text, other files beside it."""
    for name, content in (others or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    main = folder / "keepalived.conf"
    main.write_bytes(text if isinstance(text, bytes) else text.encode())
    return main


def read(
    folder: Path,
    text: str | bytes,
    others: Mapping[str, str] | None = None,
    version: Version = DEBIAN_12,
    node: str | None = NODE,
) -> Configuration:
    """Return a text as a configuration."""
    return read_keepalived(str(written(folder, text, others)), node, version)


def lines(main: Path, version: Version = DEBIAN_12, node: str | None = NODE) -> list[Line]:
    """Return the logical lines of a configuration, as far as they go."""
    findings = Findings()
    files = Files(findings, version, {})
    found: list[Line] = []
    with suppress(EndOfReading):
        found.extend(Reading(files, node, findings).lines(files.open_main(str(main))))
    return found


def first_words(main: Path) -> list[bytes]:
    """Return the first word of each logical line that has one."""
    words = (words_of(line.text) for line in lines(main))
    return [each[0].encode("utf-8", "surrogateescape") for each in words if each]


def kinds(configuration: Configuration) -> list[str]:
    """Return the kinds of the findings."""
    return [finding.kind for finding in configuration.findings]
