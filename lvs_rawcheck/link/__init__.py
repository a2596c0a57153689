# SPDX-License-Identifier: GPL-2.0-or-later
"""The one package with sockets and netlink: frames out, frames in, and what this host knows about its links.

    packet.py     PacketLink: one AF_PACKET socket with a BPF filter        bpf.py    the filters
    guard.py      sockets that own a source port and answer nothing         nudge.py  wake the kernel's neighbour entry
    rtnetlink.py  routes, neighbours, addresses, interfaces                 netlink.py  its message framing
    sock_diag.py  is there a listener for this address and port on this host
    memory.py     a cable between two links without any kernel network      interface.py  what every link can do
    faults.py     loses, doubles and reorders frames                        tracer.py  shows every frame
"""
