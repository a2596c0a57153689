# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration files of other programs, read without losing an octet: `tree` knows text, a dialect knows words."""
