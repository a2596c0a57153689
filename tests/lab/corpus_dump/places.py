# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things are, for the test as for its scenario."""

from __future__ import annotations

SITES, REFUSED = "sites", "refused"
"""Below the results: a folder for each configuration that was converted, and for each that could not be."""

BEFORE, AFTER = "before", "after"
"""Below it: the files of either side; with one of the two words behind a dot, keepalived's dump of it."""

CHECKERS, VRRP = "checkers", "vrrp"
NODE = "node1"
TOOLS = "/run/tools"
PROGRAM = f"{TOOLS}/lvs-rawcheck"
