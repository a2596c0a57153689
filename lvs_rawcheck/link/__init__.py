# SPDX-License-Identifier: GPL-2.0-or-later
"""The one package with sockets and netlink: frames out, frames in, and what this host knows about its links.

packet.py     PacketLink: one AF_PACKET socket          bpf.py        the filters in front of it
rtnetlink.py  routes, neighbours, addresses, interfaces netlink.py    messages and attributes, framed
guard.py      sockets that own a source port, mutely    nudge.py      wakes the kernel's neighbour entry
sock_diag.py  is there a listener on this host          interface.py  what every link can do
memory.py     a cable between two links                 faults.py     loses, doubles and reorders frames
tracer.py     shows every frame                         filter_room.py  filters in what room the kernel has
"""
