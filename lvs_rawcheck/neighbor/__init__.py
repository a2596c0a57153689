# SPDX-License-Identifier: GPL-2.0-or-later
"""ARP and NDP: who has this address, and for how long that is believed.

Machines that touch neither a socket nor a clock: they are told what arrived and what time it is, and answer
with what to send and what happened.
"""
