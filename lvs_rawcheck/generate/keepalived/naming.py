# SPDX-License-Identifier: GPL-2.0-or-later
"""What a keepalived.conf names of the registry."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lvs_rawcheck.generate.program import Named

_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.-]*/[0-9A-Fa-f.:]+")
_COMMENT = (b"#", b"!")


def named_by(files: Iterable[bytes]) -> Named:
    """Return what looks like a check's ID in configurations, their comment lines left out.

    Read word by word, so that it is found also where no stanza of ours can be made out any more.
    """
    lines = (line for octets in files for line in octets.splitlines() if not line.lstrip().startswith(_COMMENT))
    found = frozenset(found.decode("ascii") for line in lines for found in _ID.findall(line))
    return Named(found, frozenset(check_id.partition("/")[0] for check_id in found))
