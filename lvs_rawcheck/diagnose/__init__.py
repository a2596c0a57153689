# SPDX-License-Identifier: GPL-2.0-or-later
"""From what was seen on the wire to a cause and the command that would fix it.

`inquiry` makes one check and asks further: `probes` on the wire (`echo` and `owners`, each an `asker`), `own_address`
at the server's own address, `again` for what passes now and then, while `listener` hears who speaks in the VIP's name.
What came of it are `observations`; `signatures` is the one table from them to causes, `causes` and `remedies` say each
in words, and `diagnosis` joins these for one server and VIP. `causes_page` makes the manual page of the table. `report`
is what a person reads while it happens. `audit/` asks so of a whole configuration, `verify/` compares what keepalived
runs with what is planned, `doctor/` looks at this host.
"""
