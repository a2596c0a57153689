# SPDX-License-Identifier: GPL-2.0-or-later
"""Passwords in files of the tests."""

from __future__ import annotations

from functools import cache

from tests.netns.daemons.daemon import new_folder, write


@cache
def secret(text: str) -> str:
    """Return the path of a file with this password, as checks want it: its owner's alone."""
    return str(write(new_folder("secret") / "password", f"{text}\n", mode=0o600))
