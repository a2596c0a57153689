# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon behind real keepalived and ldirectord, on real IPVS: detection, boots, failover, faults."""
