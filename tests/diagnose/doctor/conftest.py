# SPDX-License-Identifier: GPL-2.0-or-later
"""A director to look at, for each test a new one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.diagnose.doctor.clinic import DIRECTOR_IP, DIRECTOR_IP6, Clinic
from tests.netns.topology import Network


@pytest.fixture
def clinic(network: Network) -> Iterator[Clinic]:
    """A director without VIPs, with one interface, on a network of its own."""
    made = Clinic(network.host("director", [f"{DIRECTOR_IP}/24", f"{DIRECTOR_IP6}/64"]))
    yield made
    made.close()
