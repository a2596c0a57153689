# SPDX-License-Identifier: GPL-2.0-or-later
"""A director and its standby with Debian's ldirectord on real IPVS, converted while they run, and taken back."""
