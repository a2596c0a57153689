# SPDX-License-Identifier: GPL-2.0-or-later
"""TOML 1.0.0, by tomllib: a file's octets, whatever they are, become values or one sentence with its place."""

from __future__ import annotations

from lvs_rawcheck.errors import ConfigSyntaxError
from lvs_rawcheck.registry.plain_toml import read_plain

_AT_END = " (at end of document)"


def parse_toml(path: str, octets: bytes) -> dict[str, object]:
    """Return what a file holds; ConfigSyntaxError, with line and column where they are known. path: for messages."""
    try:
        text = octets.decode()
    except UnicodeDecodeError as error:
        line, column = octets.count(b"\n", 0, error.start) + 1, error.start - octets.rfind(b"\n", 0, error.start)
        raise ConfigSyntaxError(path, line, column, "not UTF-8") from error
    plain = read_plain(text)
    return _parse(path, text) if plain is None else plain


def _parse(path: str, text: str) -> dict[str, object]:
    import re  # these only where it takes them: they cost as much as a check
    import tomllib

    try:
        return tomllib.loads(text)
    except ValueError as error:  # tomllib.TOMLDecodeError; also a number of more digits than Python reads
        found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
        if found is not None:
            raise ConfigSyntaxError(path, int(found[2]), int(found[3]), f"not TOML: {found[1]}") from error
        line, column = (text.count("\n") + 1, len(text) - text.rfind("\n")) if _AT_END in str(error) else (0, 0)
        raise ConfigSyntaxError(path, line, column, f"not TOML: {str(error).removesuffix(_AT_END)}") from error
    except RecursionError as error:
        raise ConfigSyntaxError(path, 0, 0, "not TOML: nested too deeply") from error
