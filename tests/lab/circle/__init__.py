# SPDX-License-Identifier: GPL-2.0-or-later
"""A director whose real server is a director of the same VIP."""
