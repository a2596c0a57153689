# SPDX-License-Identifier: GPL-2.0-or-later
"""What on this host would make checks lie or fail: one module a subject, each a list of findings."""
