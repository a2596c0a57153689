# SPDX-License-Identifier: GPL-2.0-or-later
"""What doctor finds: each fault made for real, each command carried out, and the finding gone."""
