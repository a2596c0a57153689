# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates for the servers of the tests, good and bad, from one authority."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.checks.site import of_both
from tests.netns.daemons.daemon import new_folder
from tests.tls.authority import Authority, Identity

NAME, OTHER_NAME = "web.example", "other.example"
_YESTERDAY, _SOON = -1, 5  # days from now


@cache
def authority() -> Authority:
    """Return the authority of this run."""
    return Authority(new_folder("certificates"))


@cache
def good() -> Identity:
    """Return a certificate for NAME and for the VIPs of the site."""
    return authority().issue("good", NAME, [NAME], of_both("vip"))


@cache
def expired() -> Identity:
    """Return one that was good until yesterday."""
    return authority().issue("expired", NAME, [NAME], days=_YESTERDAY)


@cache
def expires_soon() -> Identity:
    """Return one that is good for a few days more."""
    return authority().issue("expires-soon", NAME, [NAME], days=_SOON)


@cache
def wrong_name() -> Identity:
    """Return one that belongs to OTHER_NAME."""
    return authority().issue("wrong-name", OTHER_NAME, [OTHER_NAME])


@cache
def self_signed() -> Identity:
    """Return one for NAME that no authority vouches for."""
    return authority().self_signed(host_names=[NAME])


def in_one_file(identity: Identity) -> Path:
    """Return a file with the key and then the certificate, as postfix and haproxy take them."""
    path = identity.key_file.with_suffix(".both")
    path.write_bytes(identity.key_file.read_bytes() + identity.certificate_file.read_bytes())
    return path
