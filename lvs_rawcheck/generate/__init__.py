# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan for somebody's configuration: what would be put in the place of what, and what would be left alone, and why.

    keepalived/    the plan for a keepalived.conf
    ldirectord/    the plan for an ldirectord.cf
    program.py     what the rest asks of either

What a plan is made of, whichever program it is for:

    options.py     what was asked for, and which virtual servers are meant
    traffic.py     the VIPs and ports that a virtual server stands for
    check_text.py  a check of ours as the registry writes it
    pace.py        how often a check runs, and how long a failure stays unseen
    services.py    a service file as values, from the checks of its real servers
    marker.py      what was there, kept as a comment
    splice.py      octets in the place of others
    plan.py        the plan as values; reverted.py: what becomes of a configuration that is put back
    costs.py       checks a second, processors
    diff.py        the result as a unified diff
    report.py      the plan for programs

What is planned is written by these:

    registry_changes.py  what changes in services.d
    in_use.py            what of it others need: stanzas that stay, further configurations
    probe.py             every planned check tried once, in processes of their own: probing.py
    rollout.py           what the probes say against writing; in_table.py: who gets traffic now
    scripts.py           whether a script would be run, and safely
    tree.py              this host, or a tree for another one
    write.py             files put in their places, in a safe order: replace.py (one file)
    commands.py          what a person runs next

A plan is made of the configuration without what is ours, which is put back in thought: so a second run finds what the
first one found, and changes nothing. Whatever is not replaced comes back octet for octet.
"""
