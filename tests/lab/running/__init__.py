# SPDX-License-Identifier: GPL-2.0-or-later
"""What the real keepalived says of itself, and the kernel of its table: read by us, in one boot of the laboratory."""
