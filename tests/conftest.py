# SPDX-License-Identifier: GPL-2.0-or-later
"""What all tests share: those that need root are skipped without it, and a network to build hosts in."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.netns.topology import Network

_NEED_ROOT = "netns"

# For every property: example by example, time says more of what else this machine does than of the code. By default
# the examples are the same in each run, so that one which fails does so wherever it is tried; new ones are sought by
# --hypothesis-profile=seeking, as `make test-full` does.
settings.register_profile("seeking", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("seeking"), derandomize=True)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs root where we are not root."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker(_NEED_ROOT):
            item.add_marker(pytest.mark.skip(reason="needs root: it makes network namespaces"))


@pytest.fixture
def network() -> Iterator[Network]:
    """An empty network of namespaces, gone after the test."""
    with Network() as built:
        yield built
