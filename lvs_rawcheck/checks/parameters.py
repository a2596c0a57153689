# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kind of check can be told: one table a kind, read by the command line and by the registry alike."""

from __future__ import annotations

import os
from _stat import S_ISREG

from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DECIMAL = "0123456789"
_PASSWORD_OCTETS = 4096
_OPEN_TO_OTHERS = 0o077


class Parameter:
    """One parameter. name: its key in the registry; on the command line it is `--name`, with `-` for `_`.

    metavar: what its value is called; None for one without value. convert: text to value; raises UsageError.
    many: it may be given several times, and its value is the list of them. held_as: the registry's key for the
    value itself, where this one names the file that holds it; "" where there is none.
    """

    __slots__ = ("convert", "default", "held_as", "help", "many", "metavar", "name")

    def __init__(
        self,
        name: str,
        metavar: str | None,
        help: str,
        convert: Callable[[str], object] = str,
        default: object = None,
        many: bool = False,
        held_as: str = "",
    ) -> None:
        self.name = name
        self.metavar = metavar
        self.help = help
        self.convert = convert
        self.default = default
        self.many = many
        self.held_as = held_as


class Values:
    """The parameters of one check, by name, each as what it is; a name that is no parameter is our own fault."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, object]) -> None:
        self._values = values

    def value(self, name: str) -> object:
        """Return whatever it is, None if it was not given and has no default."""
        return self._values[name]

    def text(self, name: str) -> str | None:
        """Return a text, None if it was not given."""
        value = self._values[name]
        assert value is None or isinstance(value, str)
        return value

    def octets(self, name: str) -> bytes | None:
        """Return octets, None if they were not given."""
        value = self._values[name]
        assert value is None or isinstance(value, bytes)
        return value

    def number(self, name: str) -> int | None:
        """Return a number, None if it was not given."""
        value = self._values[name]
        assert value is None or isinstance(value, int)
        return value

    def flag(self, name: str) -> bool:
        """Return whether it was given."""
        return bool(self._values[name])

    def texts(self, name: str) -> list[str]:
        """Return every text that was given, in order."""
        values = self._values[name] or []
        assert isinstance(values, list)
        return values

    def all(self, name: str) -> list[object]:
        """Return every value that was given, in order, each as what it is."""
        values = self._values[name] or []
        assert isinstance(values, list)
        return values


def defaults(parameters: tuple[Parameter, ...]) -> dict[str, object]:
    """Return the values of a check that was told nothing."""
    return {parameter.name: [] if parameter.many else parameter.default for parameter in parameters}


def one_of(*words: str) -> Callable[[str], str]:
    """Return a converter that takes these words only."""

    def convert(text: str) -> str:
        if text not in words:
            raise UsageError(f"not one of {', '.join(words)}: {text!r}")
        return text

    return convert


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a converter that takes whole numbers from least to most, in decimal digits."""

    def convert(text: str) -> int:
        decimal = bool(text) and all(digit in DECIMAL for digit in text) and len(text) <= len(str(most))
        if not decimal or not least <= int(text) <= most:
            raise UsageError(f"not a whole number, {least} to {most}: {text!r}")
        return int(text)

    return convert


def utf8_octets(what: str, text: str, octets_most: int) -> bytes:
    """Return the octets of a text; UsageError for what is not UTF-8 or too long, which does not repeat it."""
    try:
        octets = text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which a command line that is not UTF-8 becomes
        raise UsageError(f"{what} is not UTF-8") from None
    if len(octets) > octets_most:
        raise UsageError(f"{what} is longer than {octets_most} octets")
    return octets


def password_from_file(path: str) -> str:
    """Return the first line of a file that only its owner can read.

    A password on a command line is in every process list; in a file that others can read it is none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            mode = os.fstat(descriptor).st_mode
            octets = os.read(descriptor, _PASSWORD_OCTETS) if S_ISREG(mode) else None
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(f"cannot read the password file {path!r}: {reason}") from error
    if octets is None:
        raise UsageError(f"cannot read the password file {path!r}: not a file")
    if mode & _OPEN_TO_OTHERS:
        raise UsageError(f"the password file {path!r} is open to others: chmod 600 it")
    try:
        return octets.split(b"\n", 1)[0].rstrip(b"\r").decode()
    except UnicodeDecodeError:
        raise UsageError(f"the password file {path!r} is not UTF-8") from None
