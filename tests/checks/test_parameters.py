# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kind's parameters take, and what they refuse, in a sentence that says why."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.checks.parameters import (
    Parameter,
    Values,
    defaults,
    one_of,
    password_from_file,
    whole_number,
)
from lvs_rawcheck.errors import UsageError


def test_values_of_a_check_that_was_told_nothing() -> None:
    table = (
        Parameter("path", "PATH", "what is asked for", default="/"),
        Parameter("header", "LINE", "a line more", many=True),
        Parameter("tls", None, "speak TLS"),
    )
    values = Values(defaults(table))
    assert (values.text("path"), values.texts("header"), values.flag("tls")) == ("/", [], False)
    with pytest.raises(KeyError):
        values.text("no such parameter")


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("7", 7), ("007", 7), ("255", 255)])
def test_whole_numbers(text: str, number: int) -> None:
    assert whole_number(0, 255)(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "256", "1.5", " 1", "1\n", "1e2", "٣", "0x1", "9" * 5000])
def test_no_whole_numbers(text: str) -> None:
    with pytest.raises(UsageError, match="not a whole number, 0 to 255"):
        whole_number(0, 255)(text)


@given(st.text())
def test_any_text_is_a_value_or_refused(text: str) -> None:
    for convert in (whole_number(0, 65535), one_of("tcp", "udp")):
        with suppress(UsageError):
            convert(text)


class TestPasswordFile:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "secret"
        path.write_bytes("s3crèt word \r\nsecond line\n".encode())
        path.chmod(0o600)
        return path

    def test_its_first_line(self, path: Path) -> None:
        assert password_from_file(str(path)) == "s3crèt word "

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644])
    def test_open_to_others(self, path: Path, mode: int) -> None:
        path.chmod(mode)
        with pytest.raises(UsageError, match=r"open to others: chmod 600 it$"):
            password_from_file(str(path))

    def test_what_is_no_file(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo", 0o600)
        (tmp_path / "latin").write_bytes(b"\xe8")
        (tmp_path / "latin").chmod(0o600)
        for name, sentence in {
            str(tmp_path / "missing"): "No such file",
            str(tmp_path): "not a file",
            str(tmp_path / "fifo"): "not a file",
            str(tmp_path / "latin"): "not UTF-8",
            "a\0b": "not a path",
            "": "No such file",
        }.items():
            with pytest.raises(UsageError, match=sentence):
                password_from_file(name)
