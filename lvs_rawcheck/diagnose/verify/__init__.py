# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether what is running is what was planned: the configuration, keepalived's own word, and the kernel's.

    finding.py        one thing that is wrong: where, what, and what to do
    planned.py        the stanzas of ours in the configuration
    live.py           each against the checkers that keepalived runs
    registered.py     each against the registry, its mode and its last verdict
    forwarding.py     keepalived's servers against the kernel's IPVS table
    roles.py          role files against the VIPs of this host
    verification.py   all of it, looked at once more where it may have been passing

What keepalived silently ignores leaves a server in the pool, unchecked, for ever: so what counts here is what is live.
"""
