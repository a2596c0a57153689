# SPDX-License-Identifier: GPL-2.0-or-later
"""A desk for each test, a site for each file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.commands import Desk
from tests.cli.site import Site
from tests.netns.topology import Network


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A place to run commands from, with nothing remembered."""
    made = Desk()
    yield made
    made.close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A healthy site, the same for all tests of a file: none may leave it changed."""
    with Network() as network:
        yield Site(network)
