# SPDX-License-Identifier: GPL-2.0-or-later
"""Instances with scripts of the site's, wired while keepalived runs, then failing over: one boot of the laboratory."""
