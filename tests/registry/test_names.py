# SPDX-License-Identifier: GPL-2.0-or-later
"""What may become a file name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.registry.names import check_id, is_name, parse_check_id
from lvs_rawcheck.wire.address import parse_address


@pytest.mark.parametrize(
    "name", ["web", "tcp-10.0.0.100-80", "tcp-2001-db8--1-80", "fwm-1", "group-A_b.c", "0", "a" * 200]
)
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a..b", ".hidden", "-x", "_x", "a/b", "a b", "a\n", "a\0", "é", "a" * 201, "٣"]
)
def test_no_names(name: str) -> None:
    assert not is_name(name)


@given(st.text())
def test_a_name_is_never_a_path(text: str) -> None:
    if is_name(text):
        assert "/" not in text
        assert text not in (".", "..")
        assert text.isascii()


def test_an_id_has_a_service_and_an_address() -> None:
    assert parse_check_id("web/10.0.0.42") == ("web", parse_address("10.0.0.42"))
    assert parse_check_id("web/2001:DB8:0::42") == ("web", parse_address("2001:db8::42"))
    assert check_id("web", parse_address("2001:DB8:0::42")) == "web/2001:db8::42"


@pytest.mark.parametrize(
    "text",
    ["", "web", "web/", "/10.0.0.42", "web/10.0.0.042", "web/fe80::1%eth0", "../web/10.0.0.42", "web/a/10.0.0.42"],
)
def test_no_ids(text: str) -> None:
    with pytest.raises(UsageError):
        parse_check_id(text)
