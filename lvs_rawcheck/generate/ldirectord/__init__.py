# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan for an ldirectord.cf: raw checks as external checks, one program for each virtual.

program.py      what the generator asks of ldirectord
planner.py      the plan: all of these, over one configuration
virtual.py      one virtual: converted with all its real servers, or left with all of them
server.py       its real servers: what each is asked, where, and how its service file has it
translate.py    a checktype -> a check of ours; negotiation.py: a negotiation, by service
virtuals.py     the VIPs and ports of a virtual, and its names
block.py        lines of ours in its block; existing.py: those that are there, taken back in thought
compare.py      whether the result says what was meant: read again
loop.py         what a round of checks takes; advice.py: what else is worth knowing
wrappers.py     the programs that ldirectord calls
config_test.py  whether ldirectord itself takes the result
revert.py       what was replaced, put back
"""
