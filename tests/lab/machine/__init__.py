# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole director: Debian 12 with its own systemd, on a disk of its own, into which the built package is installed.

On the host: base.py makes the disk, visit.py boots it and says what came of it. Within: `begin` is what systemd starts,
and scenario.py, in the package's own Python, is what the operator does.
"""
