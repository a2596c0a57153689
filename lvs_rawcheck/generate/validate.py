# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether checks would be taken by those who run them: their kinds and the runtime are asked before all else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.kinds import load_kind
from lvs_rawcheck.checks.parameters import Parameter, Values, defaults
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.check_text import CheckText, Value
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.registry.keys import STANDBY_KEYS
from lvs_rawcheck.wire.address import parse_address

if TYPE_CHECKING:
    from lvs_rawcheck.checks.kind import Step

_WAY = {parameter.name: parameter for parameter in STANDBY_KEYS}


class CheckValidator:
    """Judges checks, each text once. import_libraries: see `load_kind`."""

    def __init__(self, import_libraries: Callable[[], None]) -> None:
        self._import_libraries = import_libraries
        self._judged: dict[CheckText, Step | str] = {}

    def demand_valid(self, checks: Iterable[CheckText], address: str, endpoints: Iterable[Endpoint]) -> None:
        """Raise Refused if the checks, or real server and VIPs together, cannot be meant. LinkError: no library."""
        steps = self.steps(checks)
        try:
            Request("", steps, parse_address(address), list(endpoints))
        except UsageError as error:
            raise Refused(str(error)) from error

    def steps(self, checks: Iterable[CheckText]) -> list[Step]:
        """Return what makes the conversation of each; Refused, LinkError as above."""
        return [self._step(check) for check in checks]

    def _step(self, check: CheckText) -> Step:
        judged = self._judged.get(check)
        if judged is None:
            try:
                judged = self._prepare(check)
            except UsageError as error:
                judged = f"{check.kind}: {error}"
            self._judged[check] = judged
        if isinstance(judged, str):
            raise Refused(judged)
        return judged

    def demand_valid_ways(self, ways: Iterable[tuple[tuple[str, str | int], ...]]) -> None:
        """Raise Refused if the registry does not take where standard checks go."""
        for way in ways:
            for name, value in way:
                try:
                    _converted(_WAY[name], value)
                except UsageError as error:
                    raise Refused(f"its own connections cannot be said in a service file: {error}") from error

    def _prepare(self, check: CheckText) -> Step:
        kind = load_kind(check.kind, self._import_libraries)
        by_name = {parameter.name: parameter for parameter in kind.parameters}
        held = {parameter.held_as: parameter.name for parameter in kind.parameters if parameter.held_as}
        values = defaults(kind.parameters)
        for name, value in check.values:
            if name in held:
                values[held[name]] = _utf8(str(value))
            else:
                values[name] = _converted(by_name[name], value)
        return kind.prepare(Values(values))


def _converted(parameter: Parameter, value: Value) -> object:
    try:
        if isinstance(value, bool):
            return value
        if isinstance(value, tuple):
            return [parameter.convert(_utf8(each)) for each in value]
        return parameter.convert(_utf8(str(value)))
    except UsageError as error:
        raise UsageError(f"{parameter.name}: {error}") from error


def _utf8(text: str) -> str:
    """Return a text that files of ours can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("not UTF-8") from None
    return text
