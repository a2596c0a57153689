# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck verify` beside the real keepalived and a real table: a healthy site, then one fault after the other."""
