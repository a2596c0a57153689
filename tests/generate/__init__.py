# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations before and after: what is put in, what is left alone, and that it can all be taken out again."""
