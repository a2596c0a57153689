# SPDX-License-Identifier: GPL-2.0-or-later
"""The registry's checks in one process that runs for long.

health.py     rise and fall: from results to a state
schedule.py   when each check is due
"""
