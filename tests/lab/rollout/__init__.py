# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck generate --write` on a running director, from the refusal to the way back."""
