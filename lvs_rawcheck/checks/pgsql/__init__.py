# SPDX-License-Identifier: GPL-2.0-or-later
"""PostgreSQL's protocol 3.0, as far as a login and a query go (manual, "Frontend/Backend Protocol")."""
