# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan for a keepalived.conf: raw checks as MISC_CHECK, and notify lines that keep role files.

program.py     what the generator asks of keepalived
planner.py     the plan: all of these, over one configuration
virtual.py     one virtual server; server.py: one real server
endpoints.py   the VIPs and ports that a virtual server stands for, and what its service is called
claims.py      names that stanzas use already; naming.py: what a configuration names of the registry
translate.py   a checker -> checks of ours, and the standard check that it was
timing.py      times: ours from theirs
prepared.py    a translated checker with its names, endpoints and times
roles.py       whose role decides: the VRRP instance that holds the VIPs
notify.py      how keepalived is made to maintain its role file (notify_user.py: whom a script runs as)
notify_place.py  the lines for that, put into the instances' blocks; notify_compare.py reads them again
seeding.py     role files for a keepalived that runs already
quoting.py     a command line that all versions of keepalived read alike
stanza.py      what goes into the configuration; placing.py: where
existing.py    stanzas of ours that are there already, taken back in thought
compare.py     whether the result says what was meant: read again
first_load.py  servers that are out of the table now, and stay out until they pass
candidate.py   whether keepalived takes the result: config_test.py (keepalived -t)
revert.py      what was replaced, put back
"""
