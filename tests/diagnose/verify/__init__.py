# SPDX-License-Identifier: GPL-2.0-or-later
"""What verify makes of a configuration, a dump and a table."""
