# SPDX-License-Identifier: GPL-2.0-or-later
"""Every VIP at every real server asked once, and what is wrong with each, as a matrix of causes.

What to ask: `recognise`, then `from_keepalived`, `from_ldirectord`, `from_registry`, `from_table` into `wanted`.
Asking: `audit` has it all; `ways` and `segment` open the sockets, `probing` makes the checks, `inquiries` puts the
further questions, `asking` (on the wire) and `own_sides` (by kernel sockets) ask them; `loop` waits for all.
What it means: `judging` finds the cause of each cell, `grouping` makes one finding of each fault.
Telling: `model` is what came of it; `text` is for terminals, `html` with `pools` and `page_*` a page.
"""
