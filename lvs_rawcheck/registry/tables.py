# SPDX-License-Identifier: GPL-2.0-or-later
"""One table of a TOML file: every key known, every value what its parameter takes, every error with its place.

A place is written `real_server[3].address`, array elements counted from 0. A parameter converts text, so a number or
a truth value goes by its text: `status = [200]` and `status = ["200"]` are the same.
"""

from __future__ import annotations

from lvs_rawcheck.checks.parameters import Values, defaults
from lvs_rawcheck.errors import ConfigValueError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from lvs_rawcheck.checks.parameters import Parameter

_NUMBER_MOST = 1 << 63  # TOML 1.0.0, Integer: 64 bits, signed
_SHOWN = 60


class Keys:
    """The keys that a table may have: of parameters, and others that its reader knows."""

    __slots__ = ("by_key", "defaults", "known")

    def __init__(self, parameters: Iterable[Parameter], *others: str) -> None:
        self.by_key = {key: each for each in parameters for key in (each.name, each.held_as) if key}
        self.defaults = defaults(tuple(self.by_key.values()))
        self.known = frozenset((*self.by_key, *others))


class Table:
    """A table of a file. place: where it stands, "" for the file's own."""

    __slots__ = ("_path", "_values", "place")

    def __init__(self, path: str, place: str, values: dict[str, object]) -> None:
        self._path = path
        self._values = values
        self.place = place

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def error(self, key: str, sentence: str) -> ConfigValueError:
        """Return the error that says what is wrong with a key; "": with the table as a whole."""
        place = f"{self.place}.{key}" if self.place and key else self.place or key
        return ConfigValueError(self._path, 0, 0, f"{place}: {sentence}" if place else sentence)

    def demand_known(self, known: Collection[str]) -> None:
        """Raise ConfigValueError for a key that is none."""
        for key in self._values:
            if key not in known:
                raise self.error(_shown(key), f"unknown key{_suggestion(key, known)}")

    def text(self, key: str) -> str:
        """Return a text that must be there."""
        value = self._values.get(key)
        if value is None:
            raise self.error(key, "missing")
        if not isinstance(value, str):
            raise self.error(key, f"wanted a text, found {_type_name(value)}")
        return value

    def texts(self, key: str) -> list[tuple[str, str]]:
        """Return place and text of each element of a list that must be there and hold one."""
        value = self._values.get(key)
        if value is None:
            raise self.error(key, "missing")
        if not isinstance(value, list):
            raise self.error(key, f"wanted a list of texts, found {_type_name(value)}")
        if not value:
            raise self.error(key, "empty")
        for number, element in enumerate(value):
            if not isinstance(element, str):
                raise self.error(f"{key}[{number}]", f"wanted a text, found {_type_name(element)}")
        return [(f"{key}[{number}]", element) for number, element in enumerate(value)]

    def tables(self, key: str) -> Iterator[Table]:
        """Yield the tables of `[[key]]`, none where there are none."""
        value = self._values.get(key, [])
        if not isinstance(value, list):
            raise self.error(key, f"wanted tables, each headed [[{key}]], found {_type_name(value)}")
        for number, element in enumerate(value):
            place = f"{self.place}.{key}[{number}]" if self.place else f"{key}[{number}]"
            if not isinstance(element, dict):
                raise self.error(f"{key}[{number}]", f"wanted a table, found {_type_name(element)}")
            yield Table(self._path, place, element)

    def given(self, keys: Keys) -> dict[str, object]:
        """Return the converted values of those keys that are there, by the parameters' names."""
        found: dict[str, object] = {}
        for key, value in self._values.items():
            parameter = keys.by_key.get(key)
            if parameter is None:
                continue
            if parameter.name in found:
                raise self.error(key, f"{parameter.name} and {parameter.held_as}: give one or the other")
            found[parameter.name] = self.text(key) if key == parameter.held_as else self._convert(parameter, value)
        return found

    def values(self, keys: Keys, inherited: dict[str, object] | None = None) -> Values:
        """Return the values of all parameters: given here, else inherited, else their defaults."""
        own = self.given(keys)
        if inherited:
            own = {name: value for name, value in inherited.items() if name in keys.defaults} | own
        return Values({**keys.defaults, **own})

    def _convert(self, parameter: Parameter, value: object) -> object:
        key = parameter.name
        if not parameter.many:
            return self._convert_one(key, parameter, value)
        if not isinstance(value, list):
            raise self.error(key, f"wanted a list, found {_type_name(value)}")
        return [self._convert_one(f"{key}[{number}]", parameter, each) for number, each in enumerate(value)]

    def _convert_one(self, key: str, parameter: Parameter, value: object) -> object:
        if parameter.metavar is None:
            if not isinstance(value, bool):
                raise self.error(key, f"wanted true or false, found {_type_name(value)}")
            return value
        try:
            if isinstance(value, bool) and parameter.convert is str:
                raise self.error(key, f"wanted a text, found {_type_name(value)}")
            return parameter.convert(_text_of(value))
        except UsageError as error:
            raise self.error(key, str(error)) from error


def _text_of(value: object) -> str:
    """Return a scalar as text; UsageError for what is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < _NUMBER_MOST):
        return str(value)
    raise UsageError(f"wanted a text or a number, found {_type_name(value)}")


def _type_name(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a number"  # which may be a password without its quotes
    for kind, name in ((str, "a text"), (list, "a list"), (dict, "a table")):
        if isinstance(value, kind):
            return name
    return "a date or time"


def _shown(key: str) -> str:
    plain = key.isascii() and key.replace("-", "_").isidentifier() and len(key) <= _SHOWN
    return key if plain else repr(key[:_SHOWN])


def _suggestion(key: str, known: Collection[str]) -> str:
    from difflib import get_close_matches  # only for those who mistyped something

    matches = get_close_matches(key.replace("-", "_")[:_SHOWN], sorted(known), 1)
    return f", did you mean {matches[0]}?" if matches else f" (there are: {', '.join(sorted(known))})"
