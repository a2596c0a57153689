# SPDX-License-Identifier: GPL-2.0-or-later
"""What bash completes, asked of bash itself: all that the program has, and what the site has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.checks.kinds import KINDS
from lvs_rawcheck.director.mode import MODES
from tests.package.command_help import commands, options_of
from tests.package.man_page import CHECKOUT
from tests.package.shell import COMPLETIONS, OURS, Shell

pytestmark = pytest.mark.skipif(not COMPLETIONS.exists(), reason="bash-completion is not installed")
ID_FOLDERS = "--services services.d"
SERVICE_FILE = """\
endpoint = ["[2001:db8::100]:443"]
[[check]]
kind = "tcp"
[[real_server]]
address = "{0}42"
[[real_server]]
address = "{0}43"
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in a folder with a registry of two services, two role files, and a configuration."""
    folder = tmp_path_factory.mktemp("completion")
    (folder / "services.d").mkdir()
    (folder / "services.d" / "web.toml").write_text(SERVICE_FILE.format("10.0.0."))
    (folder / "services.d" / "tcp-2001-db8--100-443.toml").write_text(SERVICE_FILE.format("2001:db8::"))
    (folder / "state" / "role").mkdir(parents=True)
    for instance in ("VI_1", "VI_2"):
        (folder / "state" / "role" / instance).write_text("1\n")
    (folder / "keepalived.conf").write_text("")
    started = Shell(folder)
    yield started
    started.close()


def _completed(shell: Shell, line: str) -> list[str]:
    """Return what was put in the place of the last word, which may be empty."""
    return sorted(shell.complete(line)[len(line.split(" ")) - 1 :])


def test_commands(shell: Shell) -> None:
    assert _completed(shell, "lvs-rawcheck ") == sorted([*commands(), "--help", "--version"])
    assert _completed(shell, "lvs-rawcheck ver") == ["verify"]


@pytest.mark.parametrize("command", ["check", "explain"])
def test_kinds(shell: Shell, command: str) -> None:
    assert _completed(shell, f"lvs-rawcheck {command} ") == sorted([*KINDS, "--help"])


@pytest.mark.parametrize("words", [(name,) for name in commands() if name not in ("check", "explain")], ids=" ".join)
def test_options_of_a_command(shell: Shell, words: tuple[str, ...]) -> None:
    known = {name for option in options_of("lvs-rawcheck", *words) for name in option.names}
    assert _completed(shell, f"lvs-rawcheck {' '.join(words)} -") == sorted(known)


@pytest.mark.parametrize("words", [("check", "http"), ("explain", "udp")], ids=" ".join)
def test_options_of_a_kind(shell: Shell, words: tuple[str, ...]) -> None:
    known = {name for option in options_of("lvs-rawcheck", *words) for name in option.names}
    assert _completed(shell, f"lvs-rawcheck {' '.join(words)} -") == sorted({*known, "--next"})


@pytest.mark.parametrize("program", ["check_tcp_raw", "check_http_get_raw", "check_http_raw"])
def test_options_of_a_drop_in(shell: Shell, program: str) -> None:
    known = {name for option in options_of(program) for name in option.names}
    assert _completed(shell, f"{program} -") == sorted(known)


def _interfaces() -> list[str]:
    return sorted(os.listdir("/sys/class/net"))


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        (f"lvs-rawcheck run {ID_FOLDERS} ", ["tcp-2001-db8--100-443/", "web/"]),
        (f"lvs-rawcheck run {ID_FOLDERS} web/", ["web/10.0.0.42", "web/10.0.0.43"]),
        (f"lvs-rawcheck run {ID_FOLDERS} tcp-2001-db8--100-443/2001:db8::43", ["tcp-2001-db8--100-443/2001:db8::43"]),
        ("lvs-rawcheck run --services=services.d w", ["web/"]),
        ("lvs-rawcheck run --services no-such-folder x", ["x"]),
        (f"lvs-rawcheck mode {ID_FOLDERS} w", ["web"]),
        (f"lvs-rawcheck mode {ID_FOLDERS} web ", sorted(MODES)),
        ("lvs-rawcheck mode --all s", ["standard"]),
        ("lvs-rawcheck mode --all standard x", ["x"]),
        ("lvs-rawcheck role --state state V", ["VI_1", "VI_2"]),
        ("lvs-rawcheck notify ", ["BACKUP", "DELETED", "FAULT", "MASTER", "STOP"]),
        ("lvs-rawcheck notify -s state MASTER VI_1", ["VI_1"]),
        ("lvs-rawcheck notify -s st", ["state"]),
        ("lvs-rawcheck generate ", ["keepalived", "ldirectord", "scripts"]),
        ("lvs-rawcheck generate k", ["keepalived"]),
        ("lvs-rawcheck generate keepalived kee", ["keepalived.conf"]),
        ("lvs-rawcheck generate keepalived keepalived.conf x", ["x"]),
        ("lvs-rawcheck generate --style ", ["inline", "service", "track-file"]),
        ("lvs-rawcheck generate --standby=f", ["--standby=fallback"]),
        ("lvs-rawcheck generate --root s", ["services.d", "state"]),
        ("lvs-rawcheck verify kee", ["keepalived.conf"]),
        ("lvs-rawcheck audit kee", ["keepalived.conf"]),
        ("lvs-rawcheck audit keepalived.conf serv", ["services.d"]),
        ("lvs-rawcheck audit --program ", ["keepalived", "ldirectord", "services"]),
        ("lvs-rawcheck check tcp -r a", ["auto"]),
        ("lvs-rawcheck check tcp -r kee", ["keepalived.conf"]),
        ("lvs-rawcheck check http --method ", ["GET", "HEAD"]),
        ("lvs-rawcheck check udp --require-reply a", ["any"]),
        ("lvs-rawcheck check tcp -i lo", ["lo"]),
        ("lvs-rawcheck check tcp --reply-interface a", ["any"]),
        ("check_tcp_raw lo", ["lo"]),
        ("check_http_raw -M ", ["GET", "HEAD"]),
        ("check_http_raw lo x", ["x"]),
    ],
)
def test_words(shell: Shell, line: str, completed: list[str]) -> None:
    found = _completed(shell, line)
    assert set(completed) <= set(found)
    assert set(found) - set(completed) <= ({*_interfaces()} if line.endswith(("lo", " a")) else set())


def test_the_package_installs_it_for_every_program() -> None:
    lines = (CHECKOUT / "debian" / "lvs-rawcheck.bash-completion").read_text().splitlines()
    path = str(OURS.relative_to(CHECKOUT))
    assert [line.split() for line in lines] == [
        [path, name] for name in ("lvs-rawcheck", "check_tcp_raw", "check_http_get_raw", "check_http_raw")
    ]
    assert Path(CHECKOUT / path).is_file()
