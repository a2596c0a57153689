# SPDX-License-Identifier: GPL-2.0-or-later
"""What a header says is the same whether it was tidied or left as it came."""

from __future__ import annotations

import h11
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.checks.http.head import tidy


def read_by_h11(head: bytes) -> tuple[int, list[tuple[bytes, bytes]]] | None:
    """Return status and headers as h11 reads them, None where it refuses."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "-")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(head)
    try:
        response = connection.next_event()
    except h11.RemoteProtocolError:
        return None
    assert isinstance(response, h11.Response)
    return response.status_code, list(response.headers)


@given(st.lists(st.tuples(st.from_regex(rb"[A-Za-z-]{1,8}", fullmatch=True), st.binary(max_size=12)), max_size=5))
def test_a_header_that_needs_no_tidying_says_what_the_tidied_one_says(fields: list[tuple[bytes, bytes]]) -> None:
    lines = [name + b":" + value.translate(None, b"\0\r\v\f\n") + b"\r\n" for name, value in fields]
    head = b"".join([b"HTTP/1.1 200 OK\r\n", *lines])
    assert tidy(head + b"\r\n") == head + b"\r\n"
    assert read_by_h11(head + b"\r\n") == read_by_h11(tidy(head + b"no header\r\n\r\n"))
