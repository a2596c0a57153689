# SPDX-License-Identifier: GPL-2.0-or-later
"""The same responses, put to keepalived's own HTTP_GET and SSL_GET and to ours, in one boot of the laboratory."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lab.agreement.rows import ROWS, Row
from tests.lab.output import told_by

pytestmark = [pytest.mark.lab, pytest.mark.full]

SCENARIO = Path(__file__).resolve().parent / "agreement" / "scenario.py"
SELF_SIGNED = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=table")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What both said of each row, by its name."""
    folder = tmp_path_factory.mktemp("agreement")
    pem = folder / "server.pem"
    subprocess.run([*SELF_SIGNED, "-keyout", pem, "-out", pem], check=True, capture_output=True)
    return {told["name"]: told for told in told_by(SCENARIO, folder, limit_s=400.0)}


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_row(said: dict[str, dict[str, Any]], row: Row) -> None:
    ours, keepalived = said[row.name]["ours"], said[row.name]["keepalived"]
    assert ours["path"] == "raw"
    assert (ours["healthy"], keepalived) == (row.passes, row.keepalived), ours


def test_names_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
