# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck generate keepalived FILE` without --write: what it says, and its exit status."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.cli.generate import run
from tests.generate.case import CASES, Desk, lay_out

PLAIN = "virtual_server 192.0.2.1 80 {\n lb_kind DR\n protocol TCP\n real_server 192.0.2.11 80 {\n%s }\n}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return lay_out(CASES / "tcp", tmp_path)


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    yield
    gc.enable()  # the command ends its process


def words(desk: Desk, *more: str) -> list[str]:
    return ["keepalived", str(desk.conf), "--services", str(desk.services), *more]


def test_changes_are_planned_and_nothing_is_written(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    before = desk.conf.read_bytes()
    assert run(words(desk)) == 1
    out = capsys.readouterr().out
    for part in ("raw tcp 192.0.2.1:80", "+++ ", '+\t\t\tmisc_path "/usr/lib/lvs-rawcheck/verdict', "checks a second"):
        assert part in out
    assert desk.conf.read_bytes() == before
    assert list(desk.services.iterdir()) == []


def test_json_is_one_object(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words(desk, "--json")) == 1
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["file", "changes", "skipped", "warnings"]
    assert list(found["changes"][0]) == ["virtual_server", "real_server", "line", "before", "after"]


def test_nothing_to_do(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.carry_out(desk.plan())
    assert run(words(desk)) == 0
    assert "+++" not in capsys.readouterr().out


def test_check_is_brief(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words(desk, "--check")) == 1
    assert "+++" not in capsys.readouterr().out
    desk.carry_out(desk.plan())
    assert run(words(desk, "--check")) == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (PLAIN % " TCP_CHECK {\n", ":1:29:"),  # a brace too few
        (PLAIN % "" + "}\n", ":7:1:"),
        ("include missing.conf\n" + PLAIN % "", ":1:1:"),
        ("\0\n" + PLAIN % "", ":1:1:"),
        (PLAIN % " TCP_CHECK {\n connect_timeout\n }\n", ":6:"),
        (PLAIN % ' TCP_CHECK {\n bind_if "eth0\n }\n', ":6:"),
        ("laddr_group_name x {\n}\n" + PLAIN % "", ":1:1:"),  # a fork's block
        ("@lb1 router_id x\n" + PLAIN % "", ":1:1:"),  # which node?
    ],
)
def test_bad_input_has_a_place(text: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conf = tmp_path / "keepalived.conf"
    conf.write_text(text)
    assert run(["keepalived", str(conf), "--services", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert f"{conf}{place}" in captured.err
    assert captured.out == ""


def test_a_word_of_a_fork_is_kept(tmp_path: Path) -> None:
    conf = tmp_path / "keepalived.conf"
    conf.write_text(PLAIN % " TCP_CHECK {\n conn_to_snat 3\n }\n laddr_group_name g\n")
    assert run(["keepalived", str(conf), "--services", str(tmp_path), "--check"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["keepalived"],
        ["nonsense", "/x"],
        ["keepalived", "/nowhere/keepalived.conf"],
        ["keepalived", "/etc"],
        ["keepalived", "/x", "--style", "track"],
        ["keepalived", "/x", "--fwmark", "7"],
        ["keepalived", "/x", "--keepalived-version", "two"],
        ["keepalived", "/x", "--scripts", "relative"],
        ["keepalived", "/x", "--timeout", "0"],
        ["keepalived", "/x", "--unknown"],
    ],
)
def test_what_cannot_be_done_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("lvs-rawcheck: ")
    assert "internal error" not in captured.err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    assert "--keep-existing" in capsys.readouterr().out
