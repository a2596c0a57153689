# SPDX-License-Identifier: GPL-2.0-or-later
"""What is to be checked, as files: services.d/*.toml, one a virtual service.

    names.py      what services, checks and VRRP instances may be called
    files.py      the folder: opened once, files read relative to it, bounded
    tables.py     one TOML table: its keys by name, its values by the parameters' own converters, its place for errors
    keys.py       the keys of services, real servers and standby checks
    service.py    what a file says, as values
    read.py       from files to values: one check, one service, all of them
    requests.py   from values to what the check runtime is asked
    write.py      from values of a plan to files, by templates, with a digest that tells whether somebody edited them
    vips.py       whether an address is a VIP, for checks that need nothing else

`run` reads one file, and of that only what its own check needs: a slip in another server's table is another server's.
"""
