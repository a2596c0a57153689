# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the range that a page tells is the one that the program takes: its ends pass, what is beyond does not."""

from __future__ import annotations

import re
from collections.abc import Callable

from lvs_rawcheck.errors import UsageError
from tests.package.man_page import Item

_WHOLE = re.compile(r"(\d+) to (\d+)\.")
_SECONDS = re.compile(r"above 0, at most (\d+)\.")
_HAS_ONE = re.compile(r"\b\d+ to \d+\b|above 0 and at most")
_NO_VALUE = "\0"


def demand_range(item: Item, convert: Callable[[str], object]) -> None:
    """Fail where page and program differ, also where only one of them knows of a range."""
    complaint = _complaint(convert, _NO_VALUE)
    assert (_HAS_ONE.search(complaint) is not None) == (item.range is not None), (item.names, complaint)
    if item.range is None:
        return
    whole, seconds = _WHOLE.fullmatch(item.range), _SECONDS.fullmatch(item.range)
    assert whole or seconds, (item.names, item.range)
    if whole:
        least, most = int(whole[1]), int(whole[2])
        taken, refused = (least, most), (least - 1, most + 1)
    else:
        assert seconds is not None
        taken, refused = (1, int(seconds[1])), (0, int(seconds[1]) + 1)
    for number in taken:
        assert not _complaint(convert, str(number)), (item.names, number)
    for number in refused:
        assert _complaint(convert, str(number)), (item.names, number)


def _complaint(convert: Callable[[str], object], text: str) -> str:
    try:
        convert(text)
    except UsageError as error:
        return str(error)
    return ""
