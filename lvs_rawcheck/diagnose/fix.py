# SPDX-License-Identifier: GPL-2.0-or-later
"""What would mend a fault: a command that can be pasted where it says, or an instruction that a person must follow."""

from __future__ import annotations

from dataclasses import dataclass

THIS_HOST = "this director"


@dataclass(frozen=True, slots=True)
class Fix:
    """One step. Exactly one of `command` and `instruction` is not empty."""

    host: str
    """Where: THIS_HOST, or the address of a real server."""
    command: str = ""
    """For a shell of root there; it ends, asks nothing, and never opens a firewall."""
    instruction: str = ""
    """What no command can do without knowing more than we do; a sentence without full stop."""

    def __str__(self) -> str:
        return f"on {self.host}: {self.command}" if self.command else f"on {self.host}, by hand: {self.instruction}"

    def to_dict(self) -> dict[str, str]:
        """Return what JSON says of it."""
        named = "command" if self.command else "instruction"
        return {"host": self.host, named: self.command or self.instruction}
