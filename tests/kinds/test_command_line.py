# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds by the real command, as keepalived and ldirectord run it: exit status, JSON, and a password in a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lvs_rawcheck.checks.base import Reason
from tests.checks.site import V4, V6, Family, both_families
from tests.cli.commands import Desk, Outcome
from tests.kinds.secrets import secret
from tests.kinds.site import ADDRESSES, Site
from tests.netns.daemons import directories, mail
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

IMAP, LDAPS = 143, 636


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        made = Site(network)
        with mail.dovecot(made.real, ADDRESSES), directories.slapd(made.real, ADDRESSES):
            yield made


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


def check(desk: Desk, site: Site, family: Family, kind: str, port: int, *options: str) -> Outcome:
    words = [kind, *desk.own_folders(), family.real, family.vip, str(port), *options]
    return desk.run(site.active, "lvs-rawcheck", "check", *words)


@both_families
def test_a_login_with_a_password_file(desk: Desk, site: Site, family: Family) -> None:
    login = ["--login", mail.USER, "--password-file"]
    passed = check(desk, site, family, "imap", IMAP, *login, secret(mail.PASSWORD), "--json")
    assert (passed.status, passed.stderr) == (0, "")
    assert passed.json["reason"] == Reason.OK
    failed = check(desk, site, family, "imap", IMAP, *login, secret("sesame"), "--json")
    assert failed.status == 1
    assert failed.json["reason"] == Reason.RESPONSE
    for outcome in (passed, failed):
        assert mail.PASSWORD not in outcome.stdout + str(outcome.log)


def test_the_certificate_is_in_the_json(desk: Desk, site: Site) -> None:
    passed = check(desk, site, V4, "ldaps", LDAPS, "--json")
    assert passed.status == 0, passed.stdout + passed.stderr
    assert "web.example" in passed.json["certificate"]["names"]
    assert passed.json["tls"]["version"].startswith("TLSv1.")
    assert {"connect", "tls"} <= set(passed.json["phases_ms"])


def test_without_its_vip_nothing_but_a_timeout_is_seen(desk: Desk, site: Site) -> None:
    with site.without_vip(V6):
        failed = check(desk, site, V6, "ldaps", LDAPS, "--json", "-t", "0.5")
    assert (failed.status, failed.json["reason"]) == (1, Reason.NO_ANSWER)
