# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of causes: each says what and why, has a fault made for real in a test, and is in the man page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lvs_rawcheck.diagnose.doctor.causes import CAUSES, command, found, instruction
from lvs_rawcheck.diagnose.doctor.examination import SUBJECTS
from lvs_rawcheck.diagnose.finding import ERROR, WARNING
from tests.package.man_page import ManPage

CODE = Path(__file__).parents[3] / "lvs_rawcheck" / "diagnose" / "doctor"
causes = pytest.mark.parametrize("cause", CAUSES)


def _named_in(paths: list[Path]) -> set[str]:
    return {name for path in paths for name in re.findall(r'"([a-z][a-z0-9-]+)"', path.read_text())}


@causes
def test_a_cause_has_a_sentence_and_a_reason(cause: str) -> None:
    row = CAUSES[cause]
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", cause)
    assert row.severity in (ERROR, WARNING)
    for text in (row.what, row.why):
        assert text == text.strip().rstrip(".")
        assert len(text) > 20


def test_no_cause_is_of_nothing_and_each_has_its_test() -> None:
    modules = [path for path in CODE.glob("*.py") if path.name != "causes.py"]
    tests = [path for path in Path(__file__).parent.glob("test_*.py") if path.name != Path(__file__).name]
    said_by_verify = {"role", "role-file"}  # under these names
    assert set(CAUSES) - _named_in(modules) - said_by_verify == set()
    assert set(CAUSES) - _named_in(tests) == set()


def test_the_man_page_tells_them_all_and_no_other() -> None:
    items = [item for item in ManPage("lvs-rawcheck-doctor.8").items() if item.place[0] == "CAUSES"]
    assert [item.names[0] for item in items] == list(CAUSES)
    for item in items:
        row = CAUSES[item.names[0]]
        wanted = ". ".join(text[0].upper() + text[1:] for text in (row.what, row.why))
        assert item.text.lower() == f"{wanted}.".lower()


def test_a_finding_says_what_and_why_and_how_it_is_mended() -> None:
    made = found("log-martians", "eth0", "it is on", [command("true"), instruction("look")])
    assert made.sentence == f"it is on: {CAUSES['log-martians'].why}"
    assert made.to_dict()["fix"] == [
        {"host": "this director", "command": "true"},
        {"host": "this director", "instruction": "look"},
    ]


def test_what_others_say_ends_in_one_mark() -> None:
    """keepalived's own sentences have a full stop."""
    assert "no user.:" not in found("config-fault", "here", "There is no user.", []).sentence


def test_no_command_opens_a_firewall() -> None:
    commands = [
        text for path in CODE.glob("*.py") for text in re.findall(r'\bcommand\(\s*f?"([^"]*)', path.read_text())
    ]
    assert len(commands) > 5
    assert [text for text in commands if re.search(r"\b(nft|ip6?tables|ufw|firewall-cmd)\b", text)] == []


def test_every_subject_has_one_name() -> None:
    assert len(set(SUBJECTS.values())) == len(SUBJECTS)
