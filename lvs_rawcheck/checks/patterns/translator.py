# SPDX-License-Identifier: GPL-2.0-or-later
"""A foreign pattern, read item by item and written down in Python's `re`, on octets.

pcre2pattern(3) 10.42 and perlre 5.36 say what is read. Every switch (caseless, dotall, ...) is resolved on the way, so
what comes out has none: a set holds both cases, a dot is a set, `^` and `$` say which of their meanings is theirs.
What Python cannot say, or what differs between versions of the original, is refused with its place.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lvs_rawcheck.checks.patterns.dialect import Dialect, Flags
from lvs_rawcheck.checks.patterns.escapes import NEWLINE_SEQUENCE, Escapes
from lvs_rawcheck.checks.patterns.fragment import (
    LINE_START,
    NOTHING,
    TEXT_START,
    Fragment,
    assertion,
    either,
    grouped,
    in_turn,
    looking,
    repeated,
    transparent,
)
from lvs_rawcheck.checks.patterns.groups import Groups
from lvs_rawcheck.checks.patterns.sets import Sets
from lvs_rawcheck.checks.patterns.source import END, Source

NESTING_MAX = 100
"""Groups within groups; PCRE2's limit is 250, Python's stack bears fewer."""

# `^` in multi-line mode: after every newline but one that ends the text. alt_circumflex: after that one too.
_LINE_START = r"(?:\A|(?<=\n)(?!\Z))"
_LINE_START_ALWAYS = r"(?m:^)"
_LINE_END = r"(?m:$)"
_TEXT_END_OR_LAST_NEWLINE = "$"
_TEXT_END = r"\Z"

_EXTENDED_BLANK = re.compile(rb"[ \t\n\v\f\r]+|#[^\n]*\n?")
# What PCRE2 ignores as well where it reads UTF-8: U+0085, U+200E, U+200F, U+2028, U+2029.
_UTF_BLANK = re.compile(rb"\xc2\x85|\xe2\x80[\x8e\x8f\xa8\xa9]")
_COMMENT = re.compile(rb"\(\?#[^)]*\)")
_QUANTIFIER = re.compile(rb"(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})([?+]?)")
_DOUBTFUL_QUANTIFIER = re.compile(rb"\{[ \t]*(?:\d+[ \t]*(?:,[ \t]*\d*[ \t]*)?|,[ \t]*\d+[ \t]*)\}")
_OPTIONS = re.compile(rb"\(\?(\^?)([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])")
_CONDITION = re.compile(rb"\(\?\((?:(\d+)|<(\w+)>|'(\w+)')\)")
_NAMED_GROUP = re.compile(rb"\(\?P?<(\w*)>|\(\?'(\w*)'")
_NAMED_REFERENCE = re.compile(rb"\(\?P=(\w+)\)")
_LOOKS = ((b"(?=", False, False), (b"(?!", False, True), (b"(?<=", True, False), (b"(?<!", True, True))
_UNSUPPORTED_GROUPS = (
    (b"(*", "verbs and other (*...) items cannot be translated; leave it out or write it another way"),
    (b"(?|", "a group with reset numbers cannot be translated; number the groups apart"),
    (b"(?[", "an extended set cannot be translated; write an ordinary one"),
    (b"(?{", "code is not run; leave it out"),
    (b"(??{", "code is not run; leave it out"),
    (b"(?C", "callouts are not made; leave it out"),
    (b"(?(", "only a group's number or name can be a condition; write the alternatives out"),
)
_RECURSION = re.compile(rb"\(\?(?:R|[+-]?\d+|&\w+|P>\w+)\)")


class Translator:
    """One pattern on its way to Python's dialect."""

    def __init__(self, pattern: bytes, dialect: Dialect, flags: Flags, search_from: int = 0) -> None:
        """search_from: at which octet of a text the search will begin."""
        self._source = Source(pattern, dialect.name, quotation=dialect.quotation)
        self._dialect = dialect
        self._flags = flags
        self._groups = Groups(self._source, dialect)
        self._sets = Sets(self._source, dialect)
        self._escapes = Escapes(self._source, dialect, self._groups, self._sets)
        self._depth = 0
        self._looks = 0
        self._atomic_groups = 0
        self._search_from = search_from

    def translate(self) -> str:
        """Return the text of the pattern for `re`, ASCII; UsageError for what cannot be said there."""
        branches = self._read_branches()
        if self._source.peek() != END:
            self._source.refuse(self._source.place, r"closes a group that was not opened; write \) for itself")
        self._escapes.judge_newline_sequences()
        text = either([self._begun_where_it_counts(branch) for branch in branches]).text
        # A match begins where a character does.
        return rf"(?![\x80-\xbf])(?:{text})" if self._dialect.utf else text

    def _begun_where_it_counts(self, branch: Fragment) -> Fragment:
        """Return a branch that begins with `.*` so that it is tried only where that could begin.

        Where it matches at all it matches from the beginning of the line (dotall: of the text), or of the search. Both
        originals see that (is_startline in pcre2_compile.c, PREGf_IMPLICIT in regcomp.c); `re` tries each octet, in a
        time that grows with the square of the line's length. It does not hold for a group whose text is asked for
        again, nor behind a look or in an atomic group; there `runs_from` is empty.
        """
        if not branch.runs_from or branch.captures & self._groups.referenced:
            return branch
        start = rf"(?<=\A(?s:.){{{self._search_from}}})" if self._search_from else r"\A"
        return in_turn([assertion(start if branch.runs_from == TEXT_START else rf"(?:{start}|(?<=\n))"), branch])

    def _read_branches(self) -> list[Fragment]:
        """Read alternatives up to the `)` that ends their group, or the end; a switch holds in all that follow."""
        branches = [self._read_branch()]
        while self._source.skip(b"|"):
            branches.append(self._read_branch())
        return branches

    def _read_branch(self) -> Fragment:
        items: list[Fragment] = []
        self._skip_ignored()
        while self._source.peek() not in (END, ord("|"), ord(")")):
            if not self._read_switches():
                items.append(self._read_repeated_item())
            self._skip_ignored()
        return in_turn(items) if items else NOTHING

    # What stands for nothing.

    def _skip_ignored(self) -> None:
        source = self._source
        begin = source.place
        while source.skip_nothing() or self._skip_blank_or_comment(begin):
            begin = source.place
        if self._flags.extended and ((self._dialect.utf and source.match(_UTF_BLANK)) or source.peek() == 0x85):
            source.refuse(begin, r"a blank or not, by dialect; write it as \x{...}")

    def _skip_blank_or_comment(self, begin: int) -> bool:
        source = self._source
        if not ((self._flags.extended and source.match(_EXTENDED_BLANK)) or source.match(_COMMENT)):
            return False
        if source.quoted_between(begin, source.place):
            source.refuse(begin, "a quotation in a comment does not hide its end; write the comment without")
        return True

    def _read_switches(self) -> bool:
        """Read (?i) or its like, which holds to the end of the group; return whether there was one."""
        begin = self._source.place
        options = None if self._source.at(b"(?R)") or self._source.at(b"(?C)") else self._source.match(_OPTIONS)
        if options is None:
            return False
        if options[4] == b":":
            self._source.place = begin
            return False
        self._flags = self._switched(options, begin)
        return True

    def _switched(self, options: re.Match[bytes], begin: int) -> Flags:
        letters = self._dialect.flag_letters
        caret, on, off = (part.decode() if part else "" for part in options.group(1, 2, 3))
        unknown = [letter for letter in on + off if letter not in letters]
        if unknown or (caret and options[3] is not None):
            self._source.refuse(begin, f"only the switches {' '.join(letters)} can be translated")
        if "xx" in on:
            self._source.refuse(begin, "blanks inside sets cannot be ignored; write x once")
        values = dict.fromkeys(self._dialect.caret_resets, False) if caret else {}
        if self._looks and "i" in on + off:
            # PCRE2 10.42 looks for a small a only, as the first letter of `(?=ab*|(?i)a)`.
            self._source.refuse(begin, "switches the case inside a look; switch it before, or write sets like [Aa]")
        values |= {letters[letter]: True for letter in on} | {letters[letter]: False for letter in off}
        return replace(self._flags, **values)

    # Items and how often.

    def _read_repeated_item(self) -> Fragment:
        begin, groups_before = self._source.place, self._groups.count
        is_dot = self._source.peek() == ord(".")
        item = self._read_item()
        repetition = self._read_quantifier(item, begin)
        if is_dot and repetition.longest is None:
            return replace(repetition, runs_from=TEXT_START if self._flags.dotall else LINE_START)
        if repetition is not item and item.shortest == 0:
            self._groups.unsettle(range(groups_before + 1, self._groups.count + 1))
        return repetition

    def _read_item(self) -> Fragment:
        source = self._source
        begin, token = source.place, source.peek()
        if token == ord("("):
            return self._read_group()
        if token == ord("["):
            return self._sets.fragment(self._sets.read_set(self._flags), begin, self._flags)
        if token == ord("\\"):
            return self._escapes.read(self._flags)
        if source.match(_QUANTIFIER):
            source.refuse(begin, "nothing to repeat before it")
        if token == ord("{"):
            self._judge_brace(begin)
        if token == ord("^"):
            source.take()
            return assertion(self._line_start())
        if token == ord("$"):
            source.take()
            return assertion(self._line_end())
        if token == ord("."):
            source.take()
            return self._sets.fragment(self._sets.dot(self._flags), begin, self._flags)
        return self._sets.read_literal(self._flags)

    def _line_start(self) -> str:
        if not self._flags.multiline:
            return r"\A"
        return _LINE_START_ALWAYS if self._dialect.alt_circumflex else _LINE_START

    def _line_end(self) -> str:
        if self._flags.multiline:
            return _LINE_END
        return _TEXT_END if self._dialect.dollar_endonly else _TEXT_END_OR_LAST_NEWLINE

    def _judge_brace(self, begin: int) -> None:
        """Refuse a brace that one version takes for itself and another for a quantifier: PCRE2 10.43, Perl 5.34."""
        if self._source.match(_DOUBTFUL_QUANTIFIER):
            self._source.refuse(begin, r"a quantifier or not, by version; write {0,n} without blanks, or \{ for itself")

    def _read_quantifier(self, item: Fragment, begin: int) -> Fragment:
        source = self._source
        escaped = source.syntax_at(begin) == b"\\"
        self._skip_ignored()
        at = source.place
        found = source.match(_QUANTIFIER)
        if found is None:
            if source.at(b"{") and escaped and not self._dialect.brace_after_escape:
                source.refuse(at, r"a brace after an escape must be a quantifier; write \{ for itself")
            return item
        if item.assertion:
            source.refuse(at, "repeats what only looks at a place; leave it out, or put the look in a group (?:...)")
        least, most = self._counts(found, at)
        suffix = found[5].decode()
        if self._flags.ungreedy and suffix != "+":
            suffix = "" if suffix else "?"
        if NEWLINE_SEQUENCE in item.text and not self._dialect.newline_sequences_repeat:
            source.refuse(begin, r"Perl goes wrong on a repeated \R; write (?:\r\n|\n)")
        if suffix == "+":
            self._atomic_groups += 1
            several = most is not None or least > 1
            if source.syntax_at(begin) == b"(" and several and item.shortest * least == 0:
                self._judge_possession(begin)
        self._skip_ignored()
        again = source.place
        if source.match(_QUANTIFIER):
            source.refuse(again, "repeats a repetition; put the first in a group (?:...)")
        return repeated(item, least, most, suffix)

    def _judge_possession(self, begin: int) -> None:
        if self._dialect.possesses_wrongly:
            self._source.refuse(begin, "PCRE2 goes wrong on an atomic group that can match nothing; let it match some")

    def _counts(self, found: re.Match[bytes], at: int) -> tuple[int, int | None]:
        if found[1]:
            return {b"*": (0, None), b"+": (1, None), b"?": (0, 1)}[found[1]]
        least = int(found[2])
        most = least if found[3] is None else int(found[4]) if found[4] else None
        if max(least, most or 0) > self._dialect.most_repeats:
            self._source.refuse(at, f"more than {self._dialect.most_repeats} repetitions")
        if most is not None and most < least:
            self._source.refuse(at, "the greater number comes first; turn the two round")
        if most == 0:
            # PCRE2 10.42 still lets what is left out tie the match to the start: `(?:a|\Ab){0}.` on "\na".
            self._source.refuse(at, "repeats nothing; leave it out with what it repeats")
        return least, most

    # Groups.

    def _read_group(self) -> Fragment:
        begin, outside = self._source.place, self._flags
        self._depth += 1
        if self._depth > NESTING_MAX:
            self._source.refuse(begin, f"more than {NESTING_MAX} groups within each other")
        group = self._read_known_group(begin)
        self._depth -= 1
        self._flags = outside
        return group

    def _read_known_group(self, begin: int) -> Fragment:
        source = self._source
        for opening, behind, negative in _LOOKS:
            if source.skip(opening):
                return self._read_look(begin, behind=behind, negative=negative)
        if reference := source.match(_NAMED_REFERENCE):
            return self._groups.reference_by_name(reference[1], begin, self._flags)
        if condition := source.match(_CONDITION):
            return self._read_condition(condition, begin)
        if named := source.match(_NAMED_GROUP):
            return self._read_capture(begin, named[1] if named[1] is not None else named[2])
        if source.skip(b"(?>"):
            self._atomic_groups += 1
            group = grouped("(?>", either(self._read_to_close(begin)))
            if group.shortest == 0:
                self._judge_possession(begin)
            return group
        self._refuse_unsupported(begin)
        if options := source.match(_OPTIONS):
            self._flags = self._switched(options, begin)
            return transparent(either(self._read_to_close(begin)))
        if source.skip(b"(?"):
            source.refuse(begin, "no such group; write (?:...) for a plain one")
        source.take()
        if self._flags.no_auto_capture:
            return transparent(either(self._read_to_close(begin)))
        return self._read_capture(begin, None)

    def _refuse_unsupported(self, begin: int) -> None:
        source = self._source
        if source.match(_RECURSION):
            source.refuse(begin, "recursion cannot be translated; write the pattern out as deep as it must go")
        for opening, why in _UNSUPPORTED_GROUPS:
            if source.skip(opening):
                source.refuse(begin, why)

    def _read_to_close(self, begin: int) -> list[Fragment]:
        branches = self._read_branches()
        if not self._source.skip(b")"):
            self._source.place = begin + 1
            self._source.refuse(begin, r"opens a group that is never closed; write \( for itself")
        return branches

    def _read_capture(self, begin: int, name: bytes | None) -> Fragment:
        number = self._groups.open(name, begin, dupnames=self._flags.dupnames)
        body = either(self._read_to_close(begin))
        self._groups.close(number)
        return transparent(body, number)

    def _read_look(self, begin: int, *, behind: bool, negative: bool) -> Fragment:
        known, atomic_groups = self._groups.closed(), self._atomic_groups
        self._looks += 1
        branches = self._read_to_close(begin)
        self._looks -= 1
        if negative:
            self._groups.seal(self._groups.closed() - known)
        if behind and any(branch.width is None for branch in branches):
            self._source.refuse(
                begin, "looks back over what has no one length; spell the alternatives out, each of one"
            )
        if self._atomic_groups > atomic_groups or (behind and any(branch.width == 0 for branch in branches)):
            # Perl 5.36 and PCRE2 10.42 each go wrong on some: `(?<=(?>aa)|b)` and `(?=[ab]?+)(|a)?_` in Perl, and
            # `(?<!|(?>|)a)` in PCRE2.
            self._source.refuse(begin, "looks at an atomic group, or back over nothing; leave that out")
        return looking(branches, behind=behind, negative=negative)

    def _read_condition(self, condition: re.Match[bytes], begin: int) -> Fragment:
        name = condition[2] if condition[2] is not None else condition[3]
        number = int(condition[1]) if name is None else self._groups.number_of(name, begin)
        self._groups.judge_reference(number, begin)
        branches = self._read_to_close(begin)
        if len(branches) > 2:
            self._source.refuse(begin, "a condition has two alternatives at most; group them (?:...|...)")
        return grouped(f"(?({number})", either(branches if len(branches) == 2 else [*branches, NOTHING]))
