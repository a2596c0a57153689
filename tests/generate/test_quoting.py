# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines that come out of keepalived's two tokenisers as they went in, or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.keepalived.quoting import quoted_command

CONF = "virtual_server 192.0.2.1 80 {\nprotocol TCP\nreal_server 192.0.2.2 80 {\nMISC_CHECK {\nmisc_path %s\n}\n}\n}\n"


def argv_of(quoted: str, version: tuple[int, ...]) -> list[str]:
    octets = (CONF % quoted).encode("utf-8", "surrogateescape")
    read = read_keepalived("/dev/null/x", None, version, {"/dev/null/x": octets})
    (virtual,) = read.site.virtual_servers
    script = virtual.real_servers[0].checkers[0].script
    assert script is not None
    return script.argv


@given(st.lists(st.text(st.characters(blacklist_categories=()), max_size=6), min_size=1, max_size=4))
def test_what_is_taken_comes_out_as_it_went_in(words: list[str]) -> None:
    try:
        quoted = quoted_command(("/bin/x", *words))
    except UsageError:
        return
    for version in ((2, 0, 20), (2, 2, 7), (2, 4, 3)):
        assert argv_of(quoted, version) == ["/bin/x", *words]


@pytest.mark.parametrize("word", ["a{b}c", "a#b", "a!b", "%", ";", "|", "&", "*", "two words", "", "~", "@x", "[a]"])
def test_signs_that_mean_nothing_there(word: str) -> None:
    assert argv_of(quoted_command(("/bin/x", word)), (2, 2, 7)) == ["/bin/x", word]


@pytest.mark.parametrize("word", ["a\\b", 'a"b', "it's", "${A}", "$A", "a\nb", "a\0b", "a\tb", "\r"])
def test_signs_that_versions_read_differently_are_refused(word: str) -> None:
    with pytest.raises(UsageError):
        quoted_command(("/bin/x", word))
