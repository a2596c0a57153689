# SPDX-License-Identifier: GPL-2.0-or-later
"""Octets to small values and back: one module per header, nothing that touches a socket or a clock.

Two rules hold for every module here. A parser given any octets at all returns a value or raises `WireError`,
nothing else. A value is read where it lies: packets are `bytes` that begin with the IP header (a link takes
the Ethernet header off), and a header's parser says where its payload starts and ends in those same octets.
Addresses are 4 (IPv4) or 16 (IPv6) octets, MACs are 6; they become text in `address.py` only.
"""
