# SPDX-License-Identifier: GPL-2.0-or-later
"""A desk whose registry has one service of the small site, and `run`."""

from __future__ import annotations

from collections.abc import Sequence

from tests.cli.commands import Desk, Outcome
from tests.cli.site import PORT, REAL_IP, VIP
from tests.netns.topology import Host

CHECK = f"web/{REAL_IP}"


def service(
    settings: str = "",
    server: str = "",
    check: str = 'kind = "tcp"',
    endpoints: Sequence[str] = (f"{VIP}:{PORT}",),
    address: str = REAL_IP,
) -> str:
    """Return a service file. settings, server, check: further lines of TOML where they belong."""
    listed = ", ".join(f'"{endpoint}"' for endpoint in endpoints)
    return f"""\
endpoint = [{listed}]
{settings}
[[check]]
{check}
[[real_server]]
address = "{address}"
{server}
"""


def register(desk: Desk, text: str, name: str = "web") -> None:
    """Put a service file into the desk's registry."""
    (desk.services / f"{name}.toml").write_text(text)


def run(desk: Desk, host: Host, *words: str, check: str = CHECK) -> Outcome:
    """Run `lvs-rawcheck run --json` with the desk's folders."""
    return desk.run(host, "lvs-rawcheck", "run", *desk.own_folders(), "--json", *words, check)


def said(outcome: Outcome) -> tuple[int, str, str | None]:
    """Return exit status, reason and path."""
    return outcome.status, outcome.json["reason"], outcome.json["path"]
