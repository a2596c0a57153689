# SPDX-License-Identifier: GPL-2.0-or-later
"""lvs-rawcheck.services(5) tells every key that the registry takes, of every kind of check, and no other."""

from __future__ import annotations

import re

import pytest

from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.kinds import KINDS, load_kind
from lvs_rawcheck.checks.parameters import Parameter
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.registry.keys import SERVER_KEYS, SERVICE_KEYS, SETTINGS, STANDBY_KEYS
from lvs_rawcheck.registry.read import parse_service
from tests.package.man_page import Item, ManPage
from tests.package.ranges import demand_range

PAGE = ManPage("lvs-rawcheck.services.5")
TABLES: dict[str, tuple[tuple[Parameter, ...], set[str]]] = {
    "KEYS OF A SERVICE": (SERVICE_KEYS, {"endpoint"}),
    "SETTINGS": (SETTINGS, set()),
    "KEYS OF A REAL SERVER": (SERVER_KEYS, {"address"}),
    "KEYS OF A CHECK": ((), {"kind"}),
    "KEYS OF A STANDBY CHECK": (STANDBY_KEYS, set()),
}
OF_TLS = "TLS"
_EXCEPTIONS = re.compile(r"Not a key of (\w+(?:, \w+)*)(?:, which|\.)")
_HELD_AS = "in the place of"
_NO_VALUE = "\0"


def _kind(name: str) -> Kind:
    return load_kind(name, lambda: None)


def _excluded(item: Item) -> list[str]:
    found = _EXCEPTIONS.search(item.text)
    return found[1].split(", ") if found else []


def _told_of(kind: str) -> dict[str, Item]:
    """Return what the page tells of a kind: its own keys, and where it says so those of TLS that it does not have."""
    own, of_tls, takes_tls = {}, {}, False
    for item in PAGE.items():
        section, title = item.place
        if section != "KINDS" or kind in _excluded(item):
            continue
        if kind in title.split(", "):
            own[item.names[0]] = item
        elif title == OF_TLS:
            of_tls[item.names[0]] = item
    takes_tls = any(kind in heading.split(", ") for heading in _headings_with_tls())
    return {**of_tls, **own} if takes_tls else own


def _headings_with_tls() -> list[str]:
    heading, found = "", []
    for line in PAGE.section("KINDS"):
        if line.startswith(".Ss "):
            heading = line.removeprefix(".Ss ")
        elif line.startswith(f".Sx {OF_TLS}"):
            found.append(heading)
    return found


def test_every_kind_has_its_place() -> None:
    headings = [line.removeprefix(".Ss ") for line in PAGE.section("KINDS") if line.startswith(".Ss ")]
    assert sorted(kind for heading in headings for kind in heading.split(", ")) == sorted([*KINDS, OF_TLS])


@pytest.mark.parametrize("section", TABLES)
def test_a_table_of_keys_is_told_whole(section: str) -> None:
    parameters, others = TABLES[section]
    told = {item.names[0]: item for item in PAGE.items() if item.place[0] == section}
    assert set(told) == {parameter.name for parameter in parameters} | others
    for parameter in parameters:
        _compare(told[parameter.name], parameter)


def test_every_table_of_keys_is_here() -> None:
    assert {item.place[0] for item in PAGE.items()} - {"FILES"} == {*TABLES, "KINDS"}


@pytest.mark.parametrize("name", KINDS)
def test_the_keys_of_a_kind_are_told(name: str) -> None:
    parameters = _kind(name).parameters
    held = {parameter.held_as for parameter in parameters if parameter.held_as}
    told = _told_of(name)
    assert set(told) == {parameter.name for parameter in parameters} | held
    assert {key for key, item in told.items() if _HELD_AS in item.text} == held
    for parameter in parameters:
        _compare(told[parameter.name], parameter)


def _compare(item: Item, parameter: Parameter) -> None:
    """Fail where the page and the table differ in a key's type, default, words or range."""
    if parameter.metavar is None:
        assert (item.value, item.default) == ("true|false", "false"), parameter.name
        return
    assert item.value == parameter.metavar.replace("'", ""), parameter.name
    assert item.takes_list == parameter.many, parameter.name
    defaults = _defaults(parameter)
    assert (item.default is not None) == bool(defaults), parameter.name
    assert not defaults or any(_holds(item.default or "", default) for default in defaults), parameter.name
    for word in _words(parameter):
        assert word in f"{item.value} {item.text}", (parameter.name, word)
    demand_range(item, parameter.convert)


def _defaults(parameter: Parameter) -> list[str]:
    """Return the default in the words of its help, and as the table has it."""
    stated = re.search(r"\(default:? ([^);]*)", parameter.help)
    value = parameter.default
    return ([stated[1]] if stated else []) + (
        [f"{value}"] if isinstance(value, int | float | str) and value != "" else []
    )


def _holds(text: str, words: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(words)}(?![\w])", text) is not None


def _words(parameter: Parameter) -> list[str]:
    """Return the words that a key takes, where it takes no other."""
    try:
        parameter.convert(_NO_VALUE)
    except UsageError as error:
        found = re.match(r"not one of (.*): ", str(error))
        return found[1].split(", ") if found else []
    return []


def test_the_example_is_a_service_file() -> None:
    (example,) = PAGE.displays("EXAMPLES")
    service = parse_service("web.toml", "web", example.encode(), lambda: None)
    for server in service.real_servers:
        for check in (*server.checks, *(each.check for each in server.standby_checks)):
            check.step()
    assert [server.settings.mode for server in service.real_servers] == ["enforce", "observe"]
