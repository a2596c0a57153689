# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's Python packages, which the launcher leaves out because finding them takes time."""

from __future__ import annotations

import sys


def import_site_packages() -> None:
    """Make Debian's packages importable, which the launcher's -S left out, for a command that needs them."""
    if sys.flags.no_site:
        import site

        site.main()
