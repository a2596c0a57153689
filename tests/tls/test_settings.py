# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings: one context for equal ones, a new one for a new CA file, and CA files that are none."""

from __future__ import annotations

import gc
import os
import ssl
import time
from pathlib import Path

import pytest

from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.tls.events import Failed, Secured
from lvs_rawcheck.tls.session import Session
from lvs_rawcheck.tls.settings import Settings
from tests.tls.authority import Authority
from tests.tls.peer import Peer, exchange, server_context


def test_equal_ones_share_a_context() -> None:
    assert Settings(server_name="a.example").context is Settings(server_name="b.example", min_days=3).context
    for other in (Settings(min_version="1.3"), Settings(alpn=("h2",)), Settings(verify=True)):
        assert other.context is not Settings().context


def test_a_context_that_nobody_uses_is_gone() -> None:
    from lvs_rawcheck.tls import settings

    kept = Settings(alpn=("kept",))
    Settings(alpn=("gone",))
    gc.collect()
    offered = [key[3] for key in settings._contexts]
    assert kept.alpn in offered
    assert ("gone",) not in offered


def test_a_new_ca_file_in_the_old_one_s_place(tmp_path: Path) -> None:
    old, new = Authority(tmp_path, "old"), Authority(tmp_path, "new")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(old.ca_file.read_bytes())
    before = Settings(verify=True, ca_file=str(trusted))
    replacement = tmp_path / "replacement.pem"
    replacement.write_bytes(new.ca_file.read_bytes())
    os.replace(replacement, trusted)
    after = Settings(verify=True, ca_file=str(trusted))
    context = server_context(new.issue())
    assert isinstance(exchange(Session(before, time.time()), Peer(context))[-1], Failed)
    assert isinstance(exchange(Session(after, time.time()), Peer(context))[-1], Secured)


@pytest.mark.parametrize("content", [None, b"", b"no certificate\n", b"\0" * 100])
def test_a_ca_file_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"CA file '/.*ca\.pem'"):
        Settings(verify=True, ca_file=str(path))


@pytest.mark.parametrize("path", ["a\0b", "/", ""])
def test_a_path_that_is_none(path: str) -> None:
    with pytest.raises(UsageError, match="CA file"):
        Settings(verify=True, ca_file=path)


def test_the_defaults_are_keepalived_s() -> None:
    context = Settings().context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)
    assert context.minimum_version == ssl.TLSVersion.MINIMUM_SUPPORTED
    assert not context.options & ssl.OP_IGNORE_UNEXPECTED_EOF
    assert "AES128-SHA" in {cipher["name"] for cipher in context.get_ciphers()}, "a server may have no better"
