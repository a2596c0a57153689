# SPDX-License-Identifier: GPL-2.0-or-later
"""services.d: what is to be checked, and how, as files."""
