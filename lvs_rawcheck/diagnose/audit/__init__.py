# SPDX-License-Identifier: GPL-2.0-or-later
"""Every VIP at every real server asked once, and what is wrong with each, as a matrix of causes.

    what to ask     recognise, then from_keepalived, from_ldirectord, from_registry, from_table into `wanted`
    asking          `audit` has it all; ways and segment open the sockets, probing makes the checks, inquiries puts the
                    further questions, asking (wire) and own_sides (kernel sockets) ask them; loop waits for all
    what it means   judging: the cause of each cell; grouping: one finding for each fault
    telling         model: what came of it; text for terminals, html with pools and page_* for a page
"""
