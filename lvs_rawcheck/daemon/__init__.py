# SPDX-License-Identifier: GPL-2.0-or-later
"""The registry's checks in one process that runs for long.

health.py     rise and fall: from results to a state
schedule.py   when each check is due
check.py      one check: its request, its health, and what is known of it (state.py)
roster.py     from the registry's files to checks
engine.py     each check run by the path that its role asks for, and what was found
lateness.py, own_side.py, holds.py, min_healthy.py  our fault is not theirs; how many stay up all the same
probe.py      a raw check, run again and again over a lane: lane.py, lanes.py (packet socket, ports, driver)
expected.py   what all answers look like, for the lanes' filters
standard_probe.py  a standard check likewise, over the lane of all of them: kernel_lane.py, errand.py
paths.py, neighbours.py, roles.py, modes.py  what the kernel and files say, kept up to date
memory.py     what is not needed any more is given back
readiness.py  when there are verdicts; service.py    the loop

What others see of it (whole.py joins all):

verdict_files.py, track_files.py, alive.py  for the script `verdict`, for keepalived, that there is a daemon
keepalived_watch.py  keepalived started anew
control.py    the control socket; metrics.py: for Prometheus (server.py, listening.py: what both have in common)
notify_systemd.py  the service manager
"""
