# SPDX-License-Identifier: GPL-2.0-or-later
"""submission beside Net::SMTP, which is what ldirectord's check_smtp asks: the same servers, the same verdicts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.checks.site import V4
from tests.checks.text.serving import PORT, Serving, answers_and_closes
from tests.kinds.site import Site, check
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

CHECK_SMTP = """
use Net::SMTP;
my $smtp = Net::SMTP->new($ARGV[0], Port => $ARGV[1], Timeout => 5);
$smtp->quit if $smtp;
print $smtp ? "up" : "down";
"""
SERVERS = {
    "healthy": ["220 a", "250 b", "221 c"],
    "several lines": ["220-a\r\n220 b", "250-x\r\n250-y\r\n250 z", "221 c"],
    "any good banner": ["250 a", "220 b"],
    "no answer to QUIT": ["220 a", "250 b"],
    "EHLO refused": ["220 a", "502 b", "250 c", "221 d"],
    "EHLO and HELO refused": ["220 a", "550 b", "550 c"],
    "EHLO put off": ["220 a", "451 b", "250 c"],
    "an answer to something else": ["220 a", "354 b"],
    "no": ["554 a"],
    "too busy": ["421 a"],
    "no code": ["hello"],
    "four digits": ["2201 a"],
    "a letter behind the code": ["220a"],
    "a tab behind the code": ["220\ta"],
    "a code alone": ["220", "250", "221"],
    "another code within the banner": ["220-a\r\n554 b"],
    "another code within a reply": ["220 a", "250-x\r\n550 y"],
    "closed after the banner": ["220 a"],
    "line feeds alone": ["220-a\n220 a", "250 b"],
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


@pytest.fixture(scope="module")
def perl() -> list[str]:
    """Return a command line that wants an address and a port."""
    command = ["perl", "-MNet::SMTP", "-e"]
    if subprocess.run([*command, "1"], capture_output=True, check=False).returncode:
        pytest.skip("no Net::SMTP here")
    return [*command, CHECK_SMTP]


@pytest.mark.parametrize("name", SERVERS)
def test_the_same_verdict(site: Site, perl: list[str], name: str) -> None:
    replies = [reply.encode() + b"\r\n" for reply in SERVERS[name]]
    with Serving(site.real, answers_and_closes(*replies)):
        theirs = site.active.run([*perl, V4.real, str(PORT)]).stdout
        ours = check(site.active, V4, "submission", PORT, ())
    assert ours.healthy == (theirs == "up"), ours.verdict.detail
