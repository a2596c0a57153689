# SPDX-License-Identifier: GPL-2.0-or-later
"""A desk for each test, a site for each file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.commands import Desk
from tests.cli.site import REAL_IP, Site
from tests.cli.status_desk import daemon_of
from tests.daemon.talking import Desk as Daemon
from tests.daemon.talking import known
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


@pytest.fixture
def daemon(desk: Desk) -> Iterator[Daemon]:
    """A daemon that knows of one healthy check, and turns."""
    made = daemon_of(desk, known(REAL_IP))
    with made.loop.running():
        yield made
    made.close()
