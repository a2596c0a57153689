# SPDX-License-Identifier: GPL-2.0-or-later
"""Plain TOML without tomllib: the same, or nothing; and generated service files are plain."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lvs_rawcheck.registry.plain_toml import read_plain

_KEYS = st.sampled_from(["a", "check", "real_server", "b-2", "", "a.b", '"q"', "ä", " a"])
_VALUES = st.sampled_from(
    [
        *('""', '"x"', '"a, b"', '"#"', '"a"b"', '"\\n"', '"""', '"é"', "'x'", '"', '"a" # "b"', '"a" '),
        *("0", "-0", "1", "-17", "007", "1.5", "-0.5", "0.", ".5", "1e3", "+1", "1_0", "²", "0x1", "1.5.2", "-", "--1"),
        *(
            "1" * 14,
            "1" * 20,
            "0." + "1" * 12,
            "nan",
            "inf",
            "1979-05-27",
            "12:00:00",
            "true",
            "false",
            "True",
            "",
            "x",
        ),
        *("[]", '["a"]', '["a", "b"]', '["a","b"]', '["a",]', '["a" "b"]', "[1]", '[["a"]]', '["a, b", ""]', '[""""]'),
        *("{}", "{a = 1}", "[ ]"),
    ]
)
_PAIRS = st.builds("{}{}{}".format, _KEYS, st.sampled_from([" = ", "=", " =", "  = "]), _VALUES)
_NAMES = st.sampled_from(
    ["check", "real_server", "real_server.check", "check.check", "a", "a.b", "", ".", "a.", ".a", "a b"]
)
_HEADERS = st.builds(str.format, st.sampled_from(["[[{}]]", "[{}]", "[[{}]", "[[ {} ]]", "[[{}]] "]), _NAMES)
_LINES = st.one_of(_PAIRS, _HEADERS, st.sampled_from(["", "# x", "#\t", "#\x7f", " ", "\t", "\r", "#\u2028", "\ufeff"]))


def _by_tomllib(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except ValueError:
        return None


@given(st.lists(_LINES).map("\n".join))
@example("[[a]]\n[[a.b]]\nx = 1\n[[a]]\n[[a.b]]\nx = 2\n[[a.b]]\nx = 3")
@example("[[a]]\n[[a.b]]\n[[a]]\nb = 1\n[[a.b]]")
@example("check = []\n[[check]]")
@example("[[.check]]")
@example("[[check]]\n[[check.check]]\n[[check.check.a]]")
def test_what_it_says_tomllib_says(text: str) -> None:
    plain = read_plain(text)
    assert plain is None or repr(plain) == repr(_by_tomllib(text))


@given(st.text())
def test_whatever_the_text_is(text: str) -> None:
    plain = read_plain(text)
    assert plain is None or repr(plain) == repr(_by_tomllib(text))


_GENERATED = """\
# A digest, and from where: 10.0.0.100:80 (line 12)

endpoint = ["10.0.0.100:80", "[2001:db8::1]:80"]
role_file = "/run/lvs-rawcheck/role/VI_1"
timeout = 3.0
fall = 2
clean_close = true

[[check]]
kind = "http"
status = ["200-299"]

[[real_server]]
address = "10.0.0.42"

[[real_server.check]]
kind = "tcp"

[[real_server]]
address = "10.0.0.43"
port = 8080
"""


def test_a_service_file_is_plain() -> None:
    assert read_plain(_GENERATED) == tomllib.loads(_GENERATED)


@pytest.mark.parametrize(("further", "loaded"), [("", False), ("# then\nx = 'y'\n", True)])
def test_only_what_is_not_plain_takes_the_libraries(further: str, loaded: bool, tmp_path: Path) -> None:
    path = tmp_path / "web.toml"
    path.write_text(_GENERATED + further)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from lvs_rawcheck.registry.toml import parse_toml; "
        "parse_toml('web', open(sys.argv[2], 'rb').read()); print('tomllib' in sys.modules, 're' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-I", "-S", "-c", program, str(root), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout == f"{loaded} {loaded}\n"
