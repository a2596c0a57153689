# SPDX-License-Identifier: GPL-2.0-or-later
"""`doctor` as a command: what it prints and how it ends, also for files that are broken or closed to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence

import pytest

from lvs_rawcheck.diagnose.doctor.examination import SUBJECTS
from tests.cli.commands import NOBODY
from tests.diagnose.doctor.clinic import REAL_IP, VIP, Clinic
from tests.diagnose.doctor.ward import Ward
from tests.netns.topology import Host, Network, wait_until
from tests.package.man_page import CHECKOUT

pytestmark = pytest.mark.netns

NOTHING_WRONG, FINDINGS, COULD_NOT = 0, 1, 2
Done = subprocess.CompletedProcess[str]
CONFIG = f"""\
virtual_server {VIP} 80 {{
    lb_kind DR
    protocol TCP
    real_server {REAL_IP} 80 {{
        TCP_CHECK {{
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def director() -> Iterator[Host]:
    """A director that is in order."""
    with Network() as network:
        yield network.host("director", ["10.0.0.21/24"])


@pytest.fixture
def clinic(director: Host) -> Iterator[Clinic]:
    """Its registry, state folder and configurations, new for each test."""
    made = Clinic(director)
    yield made
    made.close()


def doctor(clinic: Clinic, *arguments: str, become: Sequence[str] = ()) -> Done:
    """Run it with the clinic's folders. become: what starts the command."""
    folders = ["--services", str(clinic.services), "--state", str(clinic.state)]
    return Ward(clinic).run(*become, "lvs-rawcheck", "doctor", *folders, *arguments)


def test_help(clinic: Clinic) -> None:
    outcome = clinic.host.run([str(clinic.folder / "lvs-rawcheck"), "doctor", "--help"])
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "CONFIG" in outcome.stdout


@pytest.mark.parametrize("arguments", [["a", "b"], ["--nonsense"], ["--ldirectord"], ["-h", "x"]])
def test_a_slip_is_no_report(clinic: Clinic, arguments: list[str]) -> None:
    outcome = doctor(clinic, *arguments)
    assert (outcome.returncode, outcome.stdout) == (COULD_NOT, "")
    assert outcome.stderr.count("\n") == 1


def test_a_director_in_order(clinic: Clinic) -> None:
    clinic.register()
    outcome = doctor(clinic)
    assert (outcome.returncode, outcome.stderr) == (NOTHING_WRONG, "")
    lines = outcome.stdout.splitlines()
    assert lines[-1].startswith("nothing wrong")
    for subject in SUBJECTS:
        assert any(line.startswith(f"{subject} ") for line in lines), subject
    assert any(line.startswith("registry") and "ok: 1 service files" in line for line in lines)


def test_a_finding_in_words(clinic: Clinic) -> None:
    clinic.register()
    (clinic.state / "mode").mkdir()
    (clinic.state / "mode" / "web").write_text("standard -\n")
    outcome = doctor(clinic)
    assert outcome.returncode == FINDINGS
    lines = outcome.stdout.splitlines()
    assert lines[0] == "warning: web: mode-override"
    options = f"--services {clinic.services} --state {clinic.state}"
    assert f"   fix:  lvs-rawcheck mode {options} web --clear" in lines
    assert all(len(line) <= 100 for line in lines if "lvs-rawcheck mode" not in line)
    assert lines[-1].startswith("1 finding")


def test_json(clinic: Clinic) -> None:
    (clinic.services / "bad.toml").write_text("[")
    outcome = doctor(clinic, "--json")
    assert outcome.returncode == FINDINGS
    (finding,) = json.loads(outcome.stdout)["findings"]
    assert set(finding) == {"cause", "severity", "where", "what", "evidence", "fix"}
    assert finding["cause"] == "registry-file"
    assert [subject["subject"] for subject in json.loads(outcome.stdout)["subjects"]] == list(SUBJECTS)
    assert json.loads(outcome.stdout)["partial"] is bool(json.loads(outcome.stdout)["gaps"])


def test_a_configuration_that_is_named_and_cannot_be_read(clinic: Clinic) -> None:
    for arguments in (["/no/such/file"], ["--ldirectord", "/no/such/file"]):
        outcome = doctor(clinic, *arguments)
        assert outcome.returncode == COULD_NOT
        assert "not looked at" in outcome.stdout
        assert "partial" in outcome.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "octets",
    [b"", b"\xff\0\x1b[2J{{{", b"virtual_server " * 2000, CONFIG.encode()[:60]],
    ids=["empty", "no text", "no blocks", "cut off"],
)
def test_a_broken_configuration_is_read_as_far_as_it_goes(clinic: Clinic, octets: bytes) -> None:
    path = clinic.folder / "broken.conf"
    path.write_bytes(octets)
    for arguments in ([str(path)], ["--ldirectord", str(path)]):
        outcome = doctor(clinic, *arguments)
        assert outcome.returncode in (NOTHING_WRONG, FINDINGS)
        assert outcome.stderr == ""
        assert "\x1b" not in outcome.stdout


def test_a_user_sees_less_and_no_traceback(clinic: Clinic) -> None:
    clinic.folder.chmod(0o755)
    path = clinic.configure_keepalived(CONFIG)
    path.chmod(0o600)
    clinic.register().chmod(0o600)
    outcome = doctor(clinic, str(path), become=NOBODY)
    assert outcome.stderr == ""
    assert outcome.returncode == COULD_NOT  # to nobody's eyes: whether it can be used, root's will tell
    assert "Permission denied" in outcome.stdout
    assert "registry-file" not in outcome.stdout
    assert "this needs root" in " ".join(outcome.stdout.split())
    assert "partial" in outcome.stdout.splitlines()[-1]


def test_what_a_user_may_not_read_is_not_said_to_be_missing(clinic: Clinic) -> None:
    script = clinic.script("verdict")
    check = f'MISC_CHECK {{\n            misc_path "{script} web/{REAL_IP}"\n            user root\n'
    path = clinic.configure_keepalived(CONFIG.replace("TCP_CHECK {\n", check))
    clinic.register()
    clinic.folder.chmod(0o755)
    clinic.services.chmod(0o700)
    outcome = doctor(clinic, "--json", str(path), become=NOBODY)
    told = json.loads(outcome.stdout)
    assert [each["cause"] for each in told["findings"] if each["cause"] in ("unregistered", "registry-file")] == []
    assert any("cannot read the registry" in gap for gap in told["gaps"])


def test_a_terminal_s_width_is_kept(clinic: Clinic) -> None:
    (clinic.services / "bad.toml").write_text("[")
    outcome = doctor(clinic, become=["env", "COLUMNS=70"])
    assert outcome.returncode == FINDINGS
    lines = outcome.stdout.splitlines()
    assert max(len(line) for line in lines if str(clinic.folder) not in line) <= 70


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_is_no_report(clinic: Clinic, number: signal.Signals) -> None:
    """systemctl, which does not answer, holds it up."""
    slow = clinic.script("systemctl")
    slow.write_text(f"#!/bin/sh\ntouch {clinic.folder}/asked\nexec sleep 5\n")
    words = f"{clinic.folder}/lvs-rawcheck doctor --services {clinic.services} --state {clinic.state}"
    program = f"mount --bind {slow} $(command -v systemctl); exec {words}"
    child = clinic.host.popen(["unshare", "--mount", "sh", "-ec", program])
    try:
        wait_until((clinic.folder / "asked").exists, "it asks systemctl")
        child.send_signal(number)
        assert child.wait(10.0) == COULD_NOT
    finally:
        child.kill()
        child.wait()


def test_a_registry_of_thousands_is_looked_at_in_seconds(clinic: Clinic) -> None:
    servers = "".join(
        f'[[real_server]]\naddress = "10.0.{number // 250}.{number % 250 + 1}"\n' for number in range(2000)
    )
    text = f'endpoint = ["{VIP}:80"]\n[[check]]\nkind = "tcp"\n{servers}'
    (clinic.services / "web.toml").write_text(text)
    clinic.host.nft("table inet f {\n chain o {\n  type filter hook output priority 0\n  tcp dport 22 accept\n }\n}")
    outcome = doctor(clinic)
    clinic.host.run(["nft", "flush", "ruleset"])
    assert outcome.stderr == ""
    assert "2000 checks" in outcome.stdout


@pytest.mark.skipif(not os.path.exists("/usr/sbin/keepalived"), reason="keepalived is not installed")
def test_keepalived_s_own_words_reach_the_report(clinic: Clinic) -> None:
    path = clinic.configure_keepalived(CONFIG.replace("lb_kind", "lb_\x07kind"))
    outcome = doctor(clinic, str(path))
    assert outcome.returncode == FINDINGS
    assert "config-fault" in outcome.stdout
    assert "\x07" not in outcome.stdout


def test_it_needs_no_library_that_the_package_only_recommends() -> None:
    look = "print([name for name in ('jinja2', 'prometheus_client', 'rich', 'scapy') if name in sys.modules])"
    program = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); import lvs_rawcheck.cli.doctor; {look}"
    words = ["/usr/bin/python3", "-I", "-c", program]
    assert subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout == "[]\n"
