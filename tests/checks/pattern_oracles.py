# SPDX-License-Identifier: GPL-2.0-or-later
"""The originals: libpcre2 as keepalived calls it, and one Perl that matches as ldirectord does."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Iterable
from types import TracebackType

Span = tuple[int, int]

# Bits of pcre2.h, 10.42; keepalived's table regex_options names them.
PCRE2_OPTIONS = {
    "allow_empty_class": 0x00000001,
    "alt_bsux": 0x00000002,
    "auto_callout": 0x00000004,
    "caseless": 0x00000008,
    "dollar_endonly": 0x00000010,
    "dotall": 0x00000020,
    "dupnames": 0x00000040,
    "extended": 0x00000080,
    "firstline": 0x00000100,
    "match_unset_backref": 0x00000200,
    "multiline": 0x00000400,
    "never_ucp": 0x00000800,
    "never_utf": 0x00001000,
    "no_auto_capture": 0x00002000,
    "no_auto_possess": 0x00004000,
    "no_dotstar_anchor": 0x00008000,
    "no_start_optimize": 0x00010000,
    "ucp": 0x00020000,
    "ungreedy": 0x00040000,
    "utf": 0x00080000,
    "never_backslash_c": 0x00100000,
    "alt_circumflex": 0x00200000,
    "alt_verbnames": 0x00400000,
    "use_offset_limit": 0x00800000,
}
PCRE2_ERROR_NOMATCH = -1
MATCH_LIMIT = 1_000_000


def _load_pcre2() -> ctypes.CDLL:
    library = ctypes.CDLL("libpcre2-8.so.0")
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    library.pcre2_compile_8.restype = pointer
    library.pcre2_compile_8.argtypes = [ctypes.c_char_p, size, ctypes.c_uint32, pointer, pointer, pointer]
    library.pcre2_match_8.argtypes = [pointer, ctypes.c_char_p, size, size, ctypes.c_uint32, pointer, pointer]
    library.pcre2_match_data_create_from_pattern_8.restype = pointer
    library.pcre2_match_data_create_from_pattern_8.argtypes = [pointer, pointer]
    library.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(size)
    library.pcre2_get_ovector_pointer_8.argtypes = [pointer]
    library.pcre2_match_context_create_8.restype = pointer
    library.pcre2_match_context_create_8.argtypes = [pointer]
    library.pcre2_set_match_limit_8.argtypes = [pointer, ctypes.c_uint32]
    for name in ("pcre2_code_free_8", "pcre2_match_data_free_8", "pcre2_match_context_free_8"):
        getattr(library, name).argtypes = [pointer]
    return library


class Pcre2:
    """pcre2_compile() and pcre2_match() of Debian's libpcre2-8-0."""

    def __init__(self) -> None:
        self._library = _load_pcre2()
        self._context = self._library.pcre2_match_context_create_8(None)
        self._library.pcre2_set_match_limit_8(self._context, MATCH_LIMIT)

    def spans(self, pattern: bytes, options: Iterable[str], subjects: list[bytes]) -> list[Span | None] | None:
        """Return where each subject matches, None for one that does not; None where the pattern does not compile."""
        bits = sum(PCRE2_OPTIONS[name] for name in set(options))
        number, offset = ctypes.c_int(), ctypes.c_size_t()
        library = self._library
        code = library.pcre2_compile_8(pattern, len(pattern), bits, ctypes.byref(number), ctypes.byref(offset), None)
        if not code:
            return None
        data = library.pcre2_match_data_create_from_pattern_8(code, None)
        found = [self._span(code, data, subject) for subject in subjects]
        library.pcre2_match_data_free_8(data)
        library.pcre2_code_free_8(code)
        return found

    def _span(self, code: int, data: int, subject: bytes) -> Span | None:
        result = self._library.pcre2_match_8(code, subject, len(subject), 0, 0, data, self._context)
        assert result > 0 or result == PCRE2_ERROR_NOMATCH, f"pcre2_match: {result}"
        if result < 0:
            return None
        vector = self._library.pcre2_get_ovector_pointer_8(data)
        return vector[0], vector[1]


# The pattern is interpolated, as ldirectord's $recstr is; modifiers can only be written into it.
PERL_PROGRAM = r"""
use strict; no warnings; $| = 1;
while (my $line = <STDIN>) {
    chomp $line;
    my ($pattern, @subjects) = map { pack("H*", substr($_, 1)) } split / /, $line;
    my @found = eval { map { $_ =~ /$pattern/ ? "$-[0],$+[0]" : "-" } @subjects };
    print $@ ? "error\n" : join(" ", @found) . "\n";
}
"""


class Perl:
    """One perl process for any number of patterns."""

    def __enter__(self) -> Perl:
        self._process = subprocess.Popen(
            ["perl", "-e", PERL_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"LC_ALL": "C"}
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def spans(self, pattern: bytes, options: Iterable[str], subjects: list[bytes]) -> list[Span | None] | None:
        """Return where each subject matches, None for one that does not; None where the pattern does not compile."""
        letters = "".join(sorted(options))
        whole = b"(?%s)%s" % (letters.encode(), pattern) if letters else pattern
        assert self._process.stdin
        assert self._process.stdout
        line = " ".join(f"x{octets.hex()}" for octets in (whole, *subjects))
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().decode().split()
        if answer == ["error"]:
            return None
        assert len(answer) == len(subjects), answer
        return [None if item == "-" else _span(item) for item in answer]


def _span(text: str) -> Span:
    start, end = text.split(",")
    return int(start), int(end)
