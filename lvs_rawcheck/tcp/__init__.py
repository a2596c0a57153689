# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP client as a machine that touches nothing: told what arrived and when, it says what to send.

Start with `connection.Connection`; `states.TRANSITIONS` is its life in one table.
"""
