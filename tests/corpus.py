# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations of real sites, if this machine has a folder of them: nothing of it belongs to the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "LVS_RAWCHECK_CORPUS"


def corpus_folder() -> Path:
    """Return where the folder is, whether or not it is there: LVS_RAWCHECK_CORPUS, else beside the checkout."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else Path(__file__).parents[2] / "shared" / "corpus"


def corpus_files(prefix: str) -> list[Path]:
    """Return the files of all folders of the corpus whose name begins with the prefix."""
    found = (path for folder in corpus_folder().glob(f"{prefix}*") for path in folder.rglob("*"))
    return sorted(path for path in found if path.is_file())


def require_corpus(prefix: str) -> list[Path]:
    """Return the files, or skip the test and say what is missing."""
    files = corpus_files(prefix)
    if not files:
        pytest.skip(f"no {prefix}* in {corpus_folder()} ({VARIABLE} names another folder)")
    return files
