# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands: argv in, exit status out."""
