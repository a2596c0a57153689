# SPDX-License-Identifier: GPL-2.0-or-later
"""The laboratory: LVS directors, real servers and a client in one user-mode Linux kernel.

    host        boot.py     starts linux.uml on the host's own file tree and runs one scenario inside
                demo.py     `make demo`: boots demonstration.py, passes on what it says, prints the table
    inside      network.py  namespaces on a bridge; every process they run is started and ended here
                director.py a namespace with keepalived and an IPVS table of its own
                site.py     the site of the demonstration: two directors, three real servers, one client
                acts.py     the four acts, each a function that judges itself
                client.py   the closed loop of requests, a process of its own

One kernel is enough, because IPVS tables, addresses and neighbour tables belong to a network namespace. A
scenario is any Python file of the checkout: `boot` runs it inside, and comes back with its exit status.
"""
