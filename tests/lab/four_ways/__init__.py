# SPDX-License-Identifier: GPL-2.0-or-later
"""One director with 250 real servers, checked in four ways one after the other, in one boot of the laboratory."""
