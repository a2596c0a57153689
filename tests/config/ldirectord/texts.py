# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts read as an ldirectord.cf would be."""

from __future__ import annotations

from lvs_rawcheck.config.ldirectord import Configuration, read_ldirectord
from lvs_rawcheck.config.ldirectord.model import Real, Virtual

PATH = "/nowhere/ldirectord.cf"


def read(text: str | bytes) -> Configuration:
    """Return a text as a configuration; no disk is asked."""
    octets = text if isinstance(text, bytes) else text.encode()
    return read_ldirectord(PATH, overlay={PATH: octets})


def block(*lines: str, opening: str = "virtual=192.0.2.1:80") -> str:
    """Return a block with these lines in it, and a line that ends it."""
    return "\n".join([opening, *(f"    {line}" for line in lines), "", ""])


def virtual(*lines: str, opening: str = "virtual=192.0.2.1:80") -> Virtual:
    """Return the virtual server of such a block."""
    return read(block(*lines, opening=opening)).site.virtuals[0]


def reals(text: str, opening: str = "virtual=192.0.2.1:80") -> list[Real]:
    """Return the real servers of one line."""
    return virtual(("real6=" if opening.startswith("virtual6") else "real=") + text, opening=opening).reals


def error_kinds(text: str | bytes) -> list[str]:
    """Return the kinds of the errors."""
    return [finding.kind for finding in read(text).errors]


def all_kinds(text: str | bytes) -> list[str]:
    """Return the kinds of the findings."""
    return [finding.kind for finding in read(text).findings]
