# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests that skip on a kernel without VLAN, bond and dummy interfaces, or SCTP: here they run in the laboratory's."""

from pathlib import Path

import pytest
from lab.boot import boot

pytestmark = pytest.mark.lab

SCENARIO = Path(__file__).resolve().parent / "scenarios" / "run_tests.py"
TESTS = (
    "tests/link/test_virtual_interfaces.py",
    "tests/cli/test_roles.py::test_auto_a_vip_on_a_dummy_says_nothing",
    "tests/checks/datagram/test_kernel_sctp.py",
)


def test_with_every_kind_of_interface_and_sctp(tmp_path: Path) -> None:
    lines: list[str] = []
    status = boot(SCENARIO, tmp_path, TESTS, on_line=lines.append)
    said = "\n".join(lines)
    assert status == 0, said
    assert "passed" in said
    assert "skipped" not in said, said
