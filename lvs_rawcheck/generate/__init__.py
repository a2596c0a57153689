# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan for somebody's configuration: what would be put in the place of what, and what would be left alone, and why.

    options.py     what was asked for, and which virtual servers are meant
    traffic.py     what a virtual server forwards, and names that files can have
    endpoints.py   the VIPs and ports that one of keepalived's stands for, and what its service is called
    check_text.py  a check as the registry writes it
    translate.py   a checker of keepalived's -> checks of ours, and the standard check that it was
    pace.py        times: how often, how long, and how long a failure stays unseen
    timing.py      those of a stanza, from keepalived's
    roles.py       whose role decides: the VRRP instance that holds the VIPs
    notify.py      how keepalived is made to maintain its role file (notify_user.py: whom a script runs as)
    notify_place.py  the lines for that, put into the instances' blocks; notify_compare.py reads them again
    seeding.py     role files for a keepalived that runs already
    services.py    a service file as values, from the checks of its real servers
    quoting.py     a command line that all versions of keepalived read alike
    stanza.py      what goes into the configuration
    marker.py      what was there, kept as a comment
    existing.py    stanzas of ours that are there already, taken back in thought
    keepalived.py  the plan: all of these, over one configuration
    splice.py      octets in the place of others
    compare.py     whether the result says what was meant: read again
    costs.py       checks a second, processors
    prepared.py    a translated checker with its names, endpoints and times
    placing.py     where stanzas go in a file
    diff.py        the result as a unified diff
    report.py      the plan for programs

What is planned is written by these:

    first_load.py        servers that are out of the table now, and stay out until they pass
    registry_changes.py  what changes in services.d
    in_use.py            what of it others need: stanzas that stay, further configurations
    candidate.py         whether keepalived takes the result: config_test.py (keepalived -t), scripts.py (may they run?)
    probe.py             every planned check tried once, in processes of their own: probing.py
    rollout.py           all of these: what speaks against writing
    tree.py              this host, or a tree for another one
    write.py             files put in their places, in a safe order: replace.py (one file)
    revert.py            what was replaced, put back
    commands.py          what a person runs next

A plan is made of the configuration without the stanzas of ours, which are put back in thought: so a second run finds
what the first one found, and changes nothing. Whatever is not replaced comes back octet for octet.
"""
