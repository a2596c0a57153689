# SPDX-License-Identifier: GPL-2.0-or-later
"""The man pages say what the program says of itself: a command, an option, a default or a file without words fails."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from lvs_rawcheck.checks.base import REASONS
from lvs_rawcheck.checks.kinds import KINDS
from lvs_rawcheck.cli import check_line, explain, generate_scripts, plan_options, write_options
from lvs_rawcheck.cli.arguments import COMMON_OPTIONS
from lvs_rawcheck.cli.check_http_get_raw import CheckHttpGetRaw
from lvs_rawcheck.cli.check_http_raw import CheckHttpRaw
from lvs_rawcheck.cli.check_tcp_raw import CheckTcpRaw
from lvs_rawcheck.cli.drop_in import DropIn
from lvs_rawcheck.cli.options import Option, parse
from lvs_rawcheck.daemon.settings import DaemonSettings, read_settings
from lvs_rawcheck.registry.names import parse_check_id
from tests.package.command_help import commands, options_of, usage_of
from tests.package.man_page import CHECKOUT, ManPage, all_pages
from tests.package.ranges import demand_range

OVERVIEW = ManPage("lvs-rawcheck.8")
PROGRAMS = ("check_tcp_raw", "check_http_get_raw", "check_http_raw")
SCRIPTS = {
    "verdict": "lvs-rawcheck-verdict.8",
    "notify": "lvs-rawcheck-notify.8",
    "ocf-role": "ocf_lvs-rawcheck_role.7",
}
FORMATS = ("lvs-rawcheck.services.5", "lvs-rawcheck.state.5", "lvs-rawcheck.toml.5", "lvs-rawcheck.causes.7")
COMMAND_LINES: dict[str, tuple[str, ...]] = {
    **{f"lvs-rawcheck-{name}.8": ("lvs-rawcheck", name) for name in commands()},
    **{f"{name}.8": (name,) for name in PROGRAMS},
}
SECTIONS = ("NAME", "SYNOPSIS", "DESCRIPTION", "FILES", "EXAMPLES", "SEE ALSO")
LINTERS = {
    "mandoc": ("mandoc", "-Tlint", "-W", "warning"),
    "man": ("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"),
}
pages = pytest.mark.parametrize("page", all_pages(), ids=[page.path.name for page in all_pages()])
command_pages = pytest.mark.parametrize("file_name", COMMAND_LINES)


def test_every_command_program_script_and_format_has_a_page_and_no_page_is_of_nothing() -> None:
    wanted = {OVERVIEW.path.name, *COMMAND_LINES, *SCRIPTS.values(), *FORMATS}
    assert {page.path.name for page in all_pages()} == wanted


def test_every_program_is_known_here() -> None:
    scripts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(scripts) == {"lvs-rawcheck", *PROGRAMS}


def test_every_script_is_known_here() -> None:
    assert set(SCRIPTS) == set(generate_scripts.SCRIPTS)


def test_the_overview_lists_what_help_lists() -> None:
    heads = [line.removeprefix(".It Cm ") for line in OVERVIEW.section("COMMANDS") if line.startswith(".It Cm ")]
    assert {head.split()[0] for head in heads} == set(commands())
    listed = {
        f"{name} {word}" for name, lines in commands().items() for word in " ".join(lines).split() if word[0].islower()
    }
    assert {" ".join(head.split()[:2]) for head in heads if head.partition(" ")[2][:1].islower()} == listed


def test_the_overview_leads_to_every_page_of_ours() -> None:
    led_to = re.findall(r"^\.Xr (\S+) (\d)", "\n".join(OVERVIEW.section("SEE ALSO")), re.MULTILINE)
    wanted = {page.path.name for page in all_pages()} - {OVERVIEW.path.name, *(f"{name}.8" for name in PROGRAMS)}
    assert wanted <= {f"{name}.{section}" for name, section in led_to}


def test_the_overview_tells_every_reason() -> None:
    told = [name for item in OVERVIEW.items() if item.place[0] == "VERDICTS" for name in item.names]
    listed = [line for line in OVERVIEW.section("VERDICTS") if line.startswith(".It Cm ")]
    assert told
    assert [word for line in listed for word in line.split()[2:] if word != ","] == list(REASONS)


@command_pages
def test_options_are_those_of_the_help(file_name: str) -> None:
    told = {item.names: item for item in ManPage(file_name).items() if item.place[0] == "OPTIONS"}
    known = {option.names: option for option in options_of(*COMMAND_LINES[file_name])}
    assert list(map(str, sorted(told))) == list(map(str, sorted(known)))
    for names, option in known.items():
        item = told[names]
        assert item.value == (option.value or "").replace("'", "") or item.value is option.value, names
        if option.default:
            assert (item.default or "").startswith(option.default), names
        if option.default is not None:
            assert item.default, f"{names}: the help tells a default"


@command_pages
def test_the_synopsis_names_what_the_usage_names(file_name: str) -> None:
    usage = usage_of(*COMMAND_LINES[file_name])
    synopsis = ManPage(file_name).words_of("SYNOPSIS")
    for word in re.findall(r"[A-Z][A-Z0-9_]+", usage):
        assert word in synopsis, word


@pytest.mark.parametrize(
    ("file_name", "table"),
    [
        ("lvs-rawcheck-check.8", COMMON_OPTIONS),
        ("lvs-rawcheck-explain.8", COMMON_OPTIONS),
        ("lvs-rawcheck-generate.8", (*plan_options.PLAN_OPTIONS, *write_options.WRITE_OPTIONS)),
    ],
)
def test_defaults_and_ranges_are_those_of_the_table(file_name: str, table: tuple[Option, ...]) -> None:
    told = {item.names[-1]: item for item in ManPage(file_name).items() if item.place[0] == "OPTIONS"}
    for option in table:
        item = told[f"--{option.long}"]
        if option.default is not None:
            assert item.default == str(option.default), option.long
        if option.many:
            assert "May be repeated." in item.text, option.long
        demand_range(item, option.convert)


@pytest.mark.parametrize("program", [CheckTcpRaw, CheckHttpGetRaw, CheckHttpRaw])
def test_ranges_of_a_drop_in_are_those_of_its_table(program: type[DropIn]) -> None:
    told = {item.names[-1]: item for item in ManPage(f"{program.program}.8").items() if item.place[0] == "OPTIONS"}
    for option in program().options:
        demand_range(told[f"--{option.long}"], option.convert)


@pages
def test_a_page_has_its_sections(page: ManPage) -> None:
    wanted = [*SECTIONS]
    if page.path.name not in FORMATS:
        wanted += ["PARAMETERS" if page.path.suffix == ".7" else "OPTIONS", "EXIT STATUS"]
    assert set(wanted) - set(page.sections()) == set()
    assert page.lines[page.lines.index(".Sh NAME") + 1] == f".Nm {page.name}"
    section = page.path.suffix.removeprefix(".")
    assert f".Dt {page.name.upper()} {section}" in page.lines


@pages
def test_pages_of_ours_that_are_named_exist(page: ManPage) -> None:
    there = {(each.name, each.path.suffix.removeprefix(".")) for each in all_pages()}
    ours = {found for found in page.references() if found[0].startswith(("lvs-rawcheck", "check_"))}
    assert ours - there == set()


def test_the_agent_is_told_as_it_tells_itself() -> None:
    page = ManPage(SCRIPTS["ocf-role"])
    template = (CHECKOUT / "templates" / "ocf" / "role").read_text()
    told = {item.names[0]: item for item in page.items() if item.place[0] == "PARAMETERS"}
    known = dict(re.findall(r'<parameter name="(\w+)" unique="\d" required="(\d)"', template))
    assert {name: "Needed." in item.text for name, item in told.items()} == {
        name: required == "1" for name, required in known.items()
    }
    actions = re.findall(r'<action name="([\w-]+)"', template)
    assert set(page.words_of("SYNOPSIS").split()) >= set(actions)
    statuses = re.findall(r"^OCF_\w+=(\d)", template, re.MULTILINE)
    assert re.findall(r"^\.It (\d)$", "\n".join(page.section("EXIT STATUS")), re.MULTILINE) == statuses


def test_the_settings_are_those_that_the_daemon_reads(tmp_path: Path) -> None:
    page = ManPage("lvs-rawcheck.toml.5")
    told = [item.names[0] for item in page.items() if item.place[0] == "KEYS"]
    assert told == [field.name for field in fields(DaemonSettings)]
    (tmp_path / "lvs-rawcheck.toml").write_text(page.displays("EXAMPLES")[0])
    assert read_settings(str(tmp_path / "lvs-rawcheck.toml"), may_be_missing=False) != DaemonSettings()


def test_the_kinds_are_listed() -> None:
    told = [item.names[0] for item in ManPage("lvs-rawcheck-check.8").items() if item.place[0] == "KINDS"]
    assert told == list(KINDS)


# What is shown runs -----------------------------------------------------------------------------------


def _command_lines(page: ManPage) -> list[list[str]]:
    shown = [line for text in page.displays("EXAMPLES") for line in text.splitlines()]
    quoted = [re.search(r'misc_path "/usr/bin/(lvs-rawcheck .*)"', line) for line in shown]
    found = [each[1] for each in quoted if each] + [
        line for line in shown if line.startswith(("lvs-rawcheck", "check_"))
    ]
    return [shlex.split(line) for line in found]


EXAMPLES = [(page.path.name, words) for page in all_pages() for words in _command_lines(page)]


def test_every_command_page_has_examples() -> None:
    assert {name for name, _ in EXAMPLES} >= set(COMMAND_LINES)


@pytest.mark.parametrize(
    ("file_name", "words"), EXAMPLES, ids=lambda value: " ".join(value) if isinstance(value, list) else value
)
def test_an_example_is_a_command_line_that_is_taken(file_name: str, words: list[str]) -> None:
    program, rest = words[0], words[1:]
    if program in PROGRAMS:
        _demand_known(f"{program}.8", rest)
        return
    command, rest = rest[0], rest[1:]
    if command in ("check", "explain"):
        check_line.read_check(rest, explain.OPTIONS if command == "explain" else ())
    elif command == "generate":
        line = parse(rest, (*plan_options.PLAN_OPTIONS, *write_options.WRITE_OPTIONS))
        write_options.demand_meaningful(line)
        assert line.positionals[:-1] == ["scripts"] or plan_options.program_of(line)
    else:
        _demand_known(f"lvs-rawcheck-{command}.8", rest)
    if command == "run":
        parse_check_id(rest[-1])


def _demand_known(file_name: str, words: list[str]) -> None:
    known = {name for item in ManPage(file_name).items() if item.place[0] == "OPTIONS" for name in item.names}
    assert {word for word in words if re.match(r"--?[a-zA-Z]", word)} - known == set()


def test_the_examples_of_mode_and_notify_do_what_they_say(tmp_path: Path) -> None:
    """They are run, in the order of their pages, on folders of the test's own."""
    services, state = tmp_path / "services.d", tmp_path / "state"
    services.mkdir()
    (services / "tcp-10.0.0.100-80.toml").write_text(ManPage("lvs-rawcheck.services.5").displays("EXAMPLES")[0])
    said = [
        _run(["mode", f"--services={services}", f"--state={state}", *words[2:]])
        for page_name, words in EXAMPLES
        if page_name == "lvs-rawcheck-mode.8"
    ]
    name, registered = "tcp-10.0.0.100-80", "(the registry says enforce+observe)"
    assert [re.sub(r"\b1[78]\d\d s", "1800 s", line) for line in said] == [
        f"{name}: enforce+observe\n",
        f"{name}: standard for 1800 s more {registered}\n",
        f"{name}: observe until the next boot {registered}\n",
        f"{name}: enforce+observe\n",
    ]
    (written,) = (words for page_name, words in EXAMPLES if page_name == "lvs-rawcheck-notify.8")
    _run(["notify", "-s", str(state), *written[2:]])
    assert (state / "role" / "VI_1").read_text().startswith("0 BACKUP ")


def _run(words: list[str]) -> str:
    launcher = CHECKOUT / "lvs_rawcheck" / "cli" / "launcher.py"
    done = subprocess.run(
        ["/usr/bin/python3", "-IS", str(launcher), *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# How they read ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("linter", LINTERS)
def test_every_page_reads_well(linter: str) -> None:
    if shutil.which(LINTERS[linter][0]) is None:
        pytest.skip(f"{linter} is not installed")
    for page in all_pages():
        done = subprocess.run(
            [*LINTERS[linter], str(page.path)],
            env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MANROFFSEQ": ""},
            capture_output=True,
            check=False,
            timeout=60,
        )
        complaints = done.stderr + (done.stdout if linter == "mandoc" else b"")
        assert (done.returncode, complaints) == (0, b""), page.path
