# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines of a check: of any kind, with the kind's own options, and of several steps."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.kinds import KINDS, load_kind
from lvs_rawcheck.checks.parameters import Parameter, Values
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.cli.arguments import COMMON_OPTIONS
from lvs_rawcheck.cli.check_line import help_of_check, kind_options, read_check
from lvs_rawcheck.cli.options import HelpWanted
from lvs_rawcheck.errors import UsageError

ADDRESSES = ["10.0.0.42", "10.0.0.100", "80"]


def import_nothing() -> None:
    """Debian's packages are importable here as it is."""


def test_a_check_without_options() -> None:
    request, line = read_check(["tcp", *ADDRESSES])
    assert (request.kind, len(request.steps), line.positionals) == ("tcp", 1, ADDRESSES)


def test_an_echo_is_sent_to_no_port() -> None:
    request, _ = read_check(["ping", "10.0.0.42", "10.0.0.100"])
    assert [str(endpoint) for endpoint in request.endpoints] == ["10.0.0.100"]
    with pytest.raises(UsageError, match="no port given"):
        read_check(["dns", "10.0.0.42", "10.0.0.100"])


def test_further_steps_follow_the_word_next() -> None:
    request, _ = read_check(["tcp", *ADDRESSES, "--next", "--next"])
    assert len(request.steps) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], r"wanted: a kind of check \(tcp"),
        (["gopher", *ADDRESSES], r"no such kind of check: 'gopher' \(there are: tcp"),
        (["--next"], "no such kind of check: '--next'"),
        (["tcp", *ADDRESSES, "--next", "10.0.0.101"], "after --next there are options of the kind only: '10.0.0.101'"),
        (["tcp", *ADDRESSES, "--next", "--timeout", "3"], "unknown option --timeout"),
        (["tcp", *ADDRESSES, "--next", "--help"], "--help asks for help only where it stands alone"),
        (["tcp", "--next", *ADDRESSES], "wanted: REAL_SERVER|after --next there are options"),
    ],
)
def test_lines_that_cannot_be_meant(arguments: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        read_check(arguments)


@pytest.mark.parametrize("arguments", [["--help"], ["tcp", "-h"]])
def test_help_that_stands_alone(arguments: list[str]) -> None:
    with pytest.raises(HelpWanted):
        read_check(arguments)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_says_what_it_is_and_what_it_can_be_told(name: str) -> None:
    kind = load_kind(name, import_nothing)
    assert kind.name == name
    assert kind.summary
    text = help_of_check("lvs-rawcheck check", [name, "--help"], "What it does.")
    assert kind.summary in " ".join(text.split())
    for parameter in kind.parameters:
        assert f"--{parameter.name.replace('_', '-')}" in text
        assert parameter.help, f"{parameter.name} is not explained"


@pytest.mark.parametrize("name", KINDS)
def test_no_option_of_a_kind_is_one_of_the_common_ones(name: str) -> None:
    own = [option.long for option in kind_options(load_kind(name, import_nothing))]
    common = [option.long for option in COMMON_OPTIONS]
    assert sorted({*own, *common, "next"}) == sorted([*own, *common, "next"])


@pytest.mark.parametrize("name", KINDS)
def test_the_general_help_names_every_kind(name: str) -> None:
    words = help_of_check("lvs-rawcheck check", ["--help"], "What it does.").replace(",", " ").split()
    assert name in words


def test_a_parameter_is_spelt_with_dashes_on_the_command_line() -> None:
    kind = Kind("made", "a word is enough", (Parameter("some_key", "WORD", "a word", many=True),), no_step)
    (option,) = kind_options(kind)
    assert (option.long, option.key, option.many) == ("some-key", "some_key", True)


def no_step(values: Values) -> type[TcpConversation]:
    return TcpConversation
