# SPDX-License-Identifier: GPL-2.0-or-later
"""Service files of the tests, and what our reader makes of them."""

from __future__ import annotations

from pathlib import Path

from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.registry.read import parse_service
from lvs_rawcheck.registry.service import Service

WEB = """\
endpoint = ["10.0.0.100:80"]
[[check]]
kind = "tcp"
[[real_server]]
address = "10.0.0.42"
"""
"""The least that a service needs."""


def nothing_to_import() -> None:
    """Say that this interpreter has all libraries already."""


def parsed(text: str | bytes, name: str = "web") -> Service:
    """Return what a file says."""
    octets = text.encode() if isinstance(text, str) else text
    return parse_service(f"{name}.toml", name, octets, nothing_to_import)


def fault(text: str | bytes) -> str:
    """Return what is said of a file that cannot be used, without its path."""
    try:
        parsed(text)
    except ConfigError as error:
        said = str(error)
        assert said.startswith("web.toml:"), said
        assert said.isprintable(), said
        return said.removeprefix("web.toml:").lstrip()
    raise AssertionError("nothing is wrong with it")


def put(folder: Path, name: str, text: str) -> Path:
    """Write a service file."""
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path
