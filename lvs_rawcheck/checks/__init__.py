# SPDX-License-Identifier: GPL-2.0-or-later
"""What healthy means, and the loop that finds out.

`base` has the words (reason, verdict, result). A kind of check is a `Conversation`, which sees a byte stream, or an
`Exchange`, which sees datagrams: neither ever sees a socket. `kinds` is the table of them, `parameters` says what one
can be told, `request` is all that one check was asked.

Raw: `path` is the way to the real server, `steering` finds its MAC, `flow` and `datagram_flow` are one conversation
with one VIP at that MAC, `carriers` what datagrams travel in, `driver` joins flows to a link, `raw` runs a whole
request. Standard: `standard` and `standard_datagram` lead the same conversations over the kernel's sockets and never
wait (`standard_socket`), `standard_course` runs a request, `local` is for a director that is its own real server.
`runner` chooses between the two by the role.

What kinds share: `dialogue` and `replies` for those that speak in lines, `messages` for those that speak in messages
with a length, `sql` for databases, `stream_kinds` and `over_tls` for TLS around any stream, `patterns` for the regular
expressions of others, `narration` and each kind's `describe` for `explain`.
"""
