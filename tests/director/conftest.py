# SPDX-License-Identifier: GPL-2.0-or-later
"""The desk and the site of the commands' tests: what is kept of a run is seen by running."""

from __future__ import annotations

from tests.cli.conftest import desk, site

__all__ = ["desk", "site"]
