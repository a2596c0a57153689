# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian to install into."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.package.root import Root, root_of


@pytest.fixture
def root() -> Iterator[Root]:
    """A minimal Debian 12 in which the package was never installed."""
    with root_of() as made:
        yield made
