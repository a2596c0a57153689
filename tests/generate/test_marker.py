# SPDX-License-Identifier: GPL-2.0-or-later
"""What was replaced is kept in a comment, and comes out of it octet for octet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.generate.marker import Marked, comment_for, find_marked, marked_region

ID = "tcp-192.0.2.1-80/192.0.2.11"
STANZA = b"MISC_CHECK {\n}"
LINES = st.lists(
    st.one_of(
        st.binary(max_size=8).filter(lambda line: b"\n" not in line), st.sampled_from([b"    a", b"#|x|", b"\\"])
    ),
    min_size=1,
)


def marked_in(octets: bytes) -> Marked:
    (marked,) = find_marked(octets)
    return marked


@given(LINES, st.sampled_from([b"\n", b"\r\n"]), st.sampled_from([b"", b"  ", b"\t", b"    "]))
def test_whatever_was_there_comes_back(lines: list[bytes], newline: bytes, indent: bytes) -> None:
    original = newline.join(lines) + b"}"
    text = indent + comment_for(ID, original, indent, newline) + indent + STANZA + newline
    marked = marked_in(text)
    assert marked.original == original
    assert marked.check_id == ID
    start, end = marked_region(text, marked, marked.stanza + len(STANZA))
    assert text[:start] + original + text[end:] == indent + original + newline


@given(LINES)
def test_the_comment_is_nothing_but_comment(lines: list[bytes]) -> None:
    comment = comment_for(ID, b"\n".join(lines), b"  ", b"\n")
    assert all(line.lstrip(b" \t").startswith(b"#") for line in comment.split(b"\n")[:-1])
    assert not any(line.endswith((b"\\", b" ", b"\t")) for line in comment.split(b"\n"))


@pytest.mark.parametrize("indent", [b"", b"    ", b"\t"])
def test_a_changed_indentation_goes_with_the_original(indent: bytes) -> None:
    text = comment_for(ID, b"TCP_CHECK {\n  retry 1\n}", b"", b"\n")
    moved = b"".join(indent + line for line in text.splitlines(keepends=True))
    assert marked_in(moved + STANZA).original == b"TCP_CHECK {\n" + indent + b"  retry 1\n" + indent + b"}"


def test_what_was_added_takes_its_lines_along() -> None:
    added = b"  " + comment_for(ID, None, b"  ", b"\n") + b"  " + STANZA + b"\n"
    text = b"real_server {\n" + added + b"}\n"
    marked = marked_in(text)
    assert marked.original is None
    start, end = marked_region(text, marked, marked.stanza + len(STANZA))
    assert text[:start] + text[end:] == b"real_server {\n}\n"


@pytest.mark.parametrize(
    "octets",
    [
        b"# lvs-rawcheck is good\n",
        b"# lvs-rawcheck x/1, in place of:\nMISC_CHECK {\n}\n",  # nothing is kept
        b"# lvs-rawcheck x/1, in place of:",
        b"# lvs-rawcheck , added\n",
    ],
)
def test_what_is_no_marker(octets: bytes) -> None:
    assert list(find_marked(octets)) == []
