# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations of real sites, written and taken back: keepalived itself finds nothing new to say of any of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus import require_corpus
from tests.generate.folder_site import KEEPALIVED, FolderSite

pytestmark = [pytest.mark.netns, pytest.mark.full]
REFUSED, COULD_NOT = 1, 2


@pytest.mark.skipif(KEEPALIVED is None, reason="keepalived is not installed")
def test_written_a_second_time_and_taken_back(tmp_path: Path) -> None:
    written = 0
    for number, path in enumerate(require_corpus("keepalived")):
        octets = path.read_bytes()
        folder = tmp_path / str(number)
        folder.mkdir()
        site = FolderSite(folder)
        site.conf.write_bytes(octets)
        outcome = site.write()
        assert outcome.status != REFUSED, (path, outcome.stderr)
        assert "internal error" not in outcome.stderr, (path, outcome.stderr)
        if outcome.status == COULD_NOT or site.conf.read_bytes() == octets:
            assert site.conf.read_bytes() == octets, path
            continue
        written += 1
        again = site.write()
        assert (again.status, again.stdout.splitlines()[-1]) == (0, "nothing to do"), path
        assert site.run("--revert", "--write").status == 0, path
        assert site.conf.read_bytes() == octets, path
    assert written > 0
