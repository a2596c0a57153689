# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines that keepalived 2.0 to 2.4 read alike.

misc_path takes one word of the line, the second, and cuts that once more, as a shell would (check_misc.c, lib/notify.c
set_script_params_array). So the whole command stands in double quotes, and an argument with blanks in single ones
within. What differs between the versions, or means something else in a configuration, is refused:
- backslash: undone twice before 2.3.2, once since; double quote: it ends the word; single quote: it ends the argument
- $: `${NAME}`, and `$NAME` before a blank, are definitions of the site's, inside quotes too (lib/parser.c)
- a control character: a line end cuts the line, a NUL the text
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lvs_rawcheck.errors import UsageError

_REFUSED = {"\\": "a backslash", '"': "a double quote", "'": "a single quote", "$": "a $"}
_NOT_PLAIN = re.compile(r"[^ !#%&(-\[\]-~]")  # of ASCII, all that is printable and not refused is plain
_BLANK = " "


def quoted_command(words: Iterable[str]) -> str:
    """Return a command with its arguments as one quoted word; UsageError: some version would read it otherwise."""
    return f'"{" ".join(map(_quoted, words))}"'


def _quoted(word: str) -> str:
    for character in _NOT_PLAIN.findall(word):
        if character in _REFUSED or not (character.isprintable() or "\udc80" <= character <= "\udcff"):
            what = _REFUSED.get(character, "a control character")
            raise UsageError(f"{what} in {word!r}: keepalived's versions do not read it alike")
    return f"'{word}'" if not word or _BLANK in word else word
