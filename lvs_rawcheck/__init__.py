# SPDX-License-Identifier: GPL-2.0-or-later
"""Health checks for LVS direct routing, on the path that the clients' packets take.

A load balancer in direct routing (LVS-DR) hands a client's packet on with one change: the Ethernet
destination becomes the real server's. The virtual IP (VIP) stays in the packet, and each real server
holds it on its loopback. lvs-rawcheck sends a real server the very frames the director would forward to it:

    +-- Ethernet ---------------+-- IP ----------------------+-- TCP ---------------+
    | to:   the real server's   | to:   the VIP              | to:   the virtual    |
    |       MAC address         |                            |       server's port  |
    | from: the director's MAC  | from: the director's own   | from: a port kept by |
    |                           |       address, never a VIP |       a guard socket |
    +---------------------------+----------------------------+----------------------+

The director's kernel owns the VIP and would keep such a packet to itself, so the frame leaves through a
packet socket and the project carries a small TCP client of its own.

Where things live, lowest row first; a module imports from lower rows only:

    errors, clock        wire/        link/ tcp/ neighbor/ tls/ config/ director/        checks/
    registry/            generate/    diagnose/    cli/
"""

__version__ = "0.1.0"
