# SPDX-License-Identifier: GPL-2.0-or-later
"""ldirectord.cf as ldirectord reads it, beside its text as it stands."""
