# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables for people, by rich."""

from __future__ import annotations

import io
import shutil

from lvs_rawcheck.errors import LinkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_PIPE_COLUMNS = 200  # where no terminal says how wide it is


def table_text(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as lines of text; LinkError: rich is not installed. Cells are text, never markup."""
    try:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError as error:
        raise LinkError(f"tables need a library that is not installed: {error}") from error
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for title in head:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    columns = shutil.get_terminal_size((_PIPE_COLUMNS, 24)).columns
    console = Console(file=io.StringIO(), width=columns, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
