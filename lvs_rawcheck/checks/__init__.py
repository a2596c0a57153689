# SPDX-License-Identifier: GPL-2.0-or-later
"""What healthy means, and the loop that finds out.

`base` has the words (reason, verdict, result); a kind of check is a `Conversation`, which sees a byte stream
and never a socket. `flow` is one conversation with one VIP at one MAC, `steering` finds that MAC, `driver`
joins them to a link; `standard` leads the same conversation over the kernel's TCP; `runner` chooses between
the two by the role.
"""
