# SPDX-License-Identifier: GPL-2.0-or-later
"""A kind of check: what it is called, what it can be told, and what makes its conversation."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.base import Conversation, Exchange
    from lvs_rawcheck.checks.parameters import Parameter, Values

    Step = Callable[[], Conversation | Exchange]


class Kind:
    """One kind. prepare: judges the values, with UsageError, and returns what makes the conversation or exchange anew.

    summary: a line for the list of kinds. speaks_to_port: False for what knows no ports.
    """

    __slots__ = ("name", "parameters", "prepare", "speaks_to_port", "summary")

    def __init__(
        self,
        name: str,
        summary: str,
        parameters: tuple[Parameter, ...],
        prepare: Callable[[Values], Step],
        *,
        speaks_to_port: bool = True,
    ) -> None:
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.prepare = prepare
        self.speaks_to_port = speaks_to_port
