# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of check, of the servers that it is made for."""
