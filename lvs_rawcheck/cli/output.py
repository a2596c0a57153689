# SPDX-License-Identifier: GPL-2.0-or-later
"""Words for people and programs. A reader who has gone away changes no verdict."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


SENTENCE_CHARACTERS = 300


def one_sentence(text: str) -> str:
    """Return a text that quotes a command line, fit for one line of a log: no line ends, and no 100 kB."""
    shown = text if len(text) <= SENTENCE_CHARACTERS else f"{text[:SENTENCE_CHARACTERS]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def say(text: str) -> None:
    """Write a line to standard output."""
    _write(sys.stdout, text)


def complain(text: str) -> None:
    """Write a line to standard error."""
    _write(sys.stderr, text)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return  # the descriptor was closed before we began
    try:
        stream.write(text + "\n")
        stream.flush()
    except UnicodeEncodeError:
        _write(stream, text.encode("ascii", "backslashreplace").decode("ascii"))
    except OSError:
        # A full disk or a closed pipe. Nothing must fail once more when the interpreter flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
