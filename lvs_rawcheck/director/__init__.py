# SPDX-License-Identifier: GPL-2.0-or-later
"""This host: its role, its VIPs, its log, the user it runs as, the kernel's IPVS table, the keepalived that runs."""
