# SPDX-License-Identifier: GPL-2.0-or-later
"""lvs-rawcheck.toml: empty it changes nothing; a slip in it is an error that names file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.daemon.settings import DaemonSettings, read_settings
from lvs_rawcheck.errors import ConfigError

CHECKOUT = Path(__file__).resolve().parents[2]
SHIPPED = CHECKOUT / "debian" / "etc" / "lvs-rawcheck.toml"


def test_as_it_is_shipped_and_empty_everything_has_its_default(tmp_path: Path) -> None:
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    assert read_settings(str(empty), may_be_missing=False) == DaemonSettings()
    assert read_settings(str(SHIPPED), may_be_missing=False) == DaemonSettings()
    assert DaemonSettings().metrics is None


def test_what_is_shipped_as_a_comment_may_be_used(tmp_path: Path) -> None:
    used = tmp_path / "used.toml"
    used.write_text("".join(line.removeprefix("# ") for line in SHIPPED.read_text().splitlines(True) if " = " in line))
    assert read_settings(str(used), may_be_missing=False) == DaemonSettings(metrics="127.0.0.1:9842")


@pytest.mark.parametrize("value", ["127.0.0.1:9842", "[::1]:9842", "/run/lvs-rawcheck/daemon/metrics"])
def test_where_metrics_are_served(tmp_path: Path, value: str) -> None:
    file = tmp_path / "set.toml"
    file.write_text(f'metrics = "{value}"\n')
    assert read_settings(str(file), may_be_missing=False).metrics == value


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b'metric = "127.0.0.1:1"', "metric: unknown key, did you mean metrics?"),
        (b"interval = 1", "interval: unknown key (there are: metrics)"),
        (b"metrics = 9842", "metrics: wanted a text, found a number"),
        (b"metrics = true", "metrics: wanted a text, found true"),
        (b'metrics = ""', "metrics: not ADDRESS:PORT: ''"),
        (b'metrics = "0.0.0.0:9842"', "metrics: not a loopback address: '0.0.0.0:9842'"),
        (b'metrics = "localhost:9842"', "metrics: "),
        (b'metrics = "127.0.0.1:0"', "metrics: "),
        (b"[metrics]\nat = 1", "metrics: wanted a text, found a table"),
        (b"metrics =", ":1:"),
        (b"\xff", ":1:1: not UTF-8"),
        (b"\0", "not TOML"),
        (b"a = " + b"[" * 5000, "not TOML"),
        (b"#" * 70_000, "larger than 65536 octets"),
    ],
)
def test_a_slip_is_an_error_with_its_place(tmp_path: Path, octets: bytes, sentence: str) -> None:
    file = tmp_path / "slip.toml"
    file.write_bytes(octets)
    with pytest.raises(ConfigError) as raised:
        read_settings(str(file), may_be_missing=True)
    assert str(raised.value).startswith(str(file))
    assert sentence in str(raised.value)


def test_a_file_that_is_not_there_is_none_where_nobody_named_it(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.toml")
    assert read_settings(missing, may_be_missing=True) == DaemonSettings()
    with pytest.raises(ConfigError, match="No such file"):
        read_settings(missing, may_be_missing=False)


def test_what_is_no_file_is_an_error(tmp_path: Path) -> None:
    for path in (str(tmp_path), f"{tmp_path}\0"):
        with pytest.raises(ConfigError, match="cannot be read"):
            read_settings(path, may_be_missing=True)
