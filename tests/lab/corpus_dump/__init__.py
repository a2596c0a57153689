# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived itself reads a configuration before and after, and its dumps of the two are compared."""
