# SPDX-License-Identifier: GPL-2.0-or-later
"""Every VIP at every real server asked once, and what is wrong with each, as a matrix of causes."""
