# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair of directors converted as an operator does it, in either style, and what clients are spared afterwards."""
