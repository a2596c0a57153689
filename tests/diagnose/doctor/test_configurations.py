# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations: what keepalived says, scripts that it would drop, drift from the registry, IPVS's settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.diagnose.doctor.configuration_tests import (
    VERSION_FAULTS,
    configuration_tests,
    ldirectord_configuration,
    version_findings,
)
from lvs_rawcheck.diagnose.doctor.drift import drift
from lvs_rawcheck.diagnose.doctor.ipvs_settings import ipvs_settings
from lvs_rawcheck.diagnose.doctor.scripts import scripts
from tests.diagnose.doctor.clinic import OTHER_IP, REAL_IP, VIP, Clinic
from tests.diagnose.doctor.ward import Ward

pytestmark = pytest.mark.netns

PLAIN = "        TCP_CHECK {\n        }\n"


def configuration(checker: str = PLAIN, before: str = "", virtual: str = "", head: str = f"{VIP} 80") -> str:
    """Return a keepalived.conf of one virtual server with one real server."""
    return (
        f"{before}virtual_server {head} {{\n    lb_kind DR\n    protocol TCP\n{virtual}"
        f"    real_server {REAL_IP} 80 {{\n{checker}    }}\n}}\n"
    )


def misc(command: str, further: str = "") -> str:
    """Return a MISC_CHECK."""
    return f'        MISC_CHECK {{\n            misc_path "{command}"\n{further}        }}\n'


SECURE = "global_defs {\n    enable_script_security\n    script_user root\n}\n"


def test_a_sound_configuration(clinic: Clinic) -> None:
    clinic.configure_keepalived(configuration(before=SECURE))
    section = clinic.look(configuration_tests)
    assert (section.findings, section.gaps) == ([], [])
    assert section.looked_at.startswith("version 2.")


def test_what_keepalived_itself_says(clinic: Clinic) -> None:
    clinic.configure_keepalived(configuration(virtual="    lb_kid DR\n", before=SECURE))
    found = clinic.demand_instruction(configuration_tests, "config-fault")
    assert "lb_kid" in found.sentence
    clinic.configure_keepalived(configuration(before=SECURE))
    assert clinic.look(configuration_tests).findings == []


def test_scripts_as_root_without_security(clinic: Clinic) -> None:
    clinic.configure_keepalived(configuration(misc("/bin/true", "            user root\n")))
    clinic.demand_instruction(configuration_tests, "script-security")
    clinic.configure_keepalived(configuration(misc("/bin/true", "            user root\n"), before=SECURE))
    assert clinic.look(configuration_tests).findings == []


def test_many_messages_are_told_in_part(clinic: Clinic) -> None:
    clinic.configure_keepalived(configuration(before=SECURE + "".join(f"nonsense{each} 1\n" for each in range(50))))
    assert len(clinic.look(configuration_tests).findings) == 21


def test_a_host_without_keepalived_says_what_was_not_looked_at(clinic: Clinic) -> None:
    clinic.configure_keepalived(configuration())
    section = clinic.look(lambda here: configuration_tests(here, "/no/such/keepalived"))
    assert section.findings == []
    assert len(section.gaps) == 2


FILE_CHECK = "        FILE_CHECK {\n            track_file it\n            weight 0\n        }\n"
GROUP = f"virtual_server_group web {{\n    {VIP} 80\n}}\n"
VERSIONS = {
    "none yet": (configuration(FILE_CHECK, 'track_file it {\n    file "/run/it"\n}\n'), (2, 0, 20), (2, 2, 7)),
    "crash": (configuration(FILE_CHECK, 'track_file it {\n    file "/run/it"\n}\n'), (2, 3, 1), (2, 3, 3)),
    "suspended group": (
        configuration(before=GROUP, virtual="    ha_suspend\n", head="group web"),
        (2, 2, 7),
        (2, 2, 1),
    ),
    "reload check": (
        configuration(misc("/bin/true", "            user nobody\n"), "global_defs {\n    reload_check_config\n}\n"),
        (2, 2, 7),
        (2, 2, 8),
    ),
}


@pytest.mark.parametrize("name", VERSIONS)
def test_what_a_version_does_not_do(tmp_path: Path, name: str) -> None:
    text, bad, good = VERSIONS[name]
    (tmp_path / "keepalived.conf").write_text(text)
    read = read_keepalived(str(tmp_path / "keepalived.conf"), "node")
    assert [each.cause for each in version_findings(read, bad)] == ["keepalived-version"]
    assert all(fix.instruction for each in version_findings(read, bad) for fix in each.fixes)
    assert list(version_findings(read, good)) == []


def test_this_host_s_version_is_asked(clinic: Clinic) -> None:
    clinic.configure_keepalived(VERSIONS["suspended group"][0])
    section = clinic.look(configuration_tests)
    assert "keepalived-version" in [each.cause for each in section.findings]
    assert len(VERSION_FAULTS) == 2


@pytest.mark.parametrize("line", ["\tpersistent=never\n", "\tnonsense=1\n"])
def test_a_line_that_ldirectord_refuses(clinic: Clinic, line: str) -> None:
    clinic.configure_ldirectord(LDIRECTORD)
    assert clinic.look(ldirectord_configuration).findings == []
    clinic.configure_ldirectord(LDIRECTORD + line)
    found = clinic.demand_instruction(ldirectord_configuration, "config-fault")
    assert f"ldirectord.cf:{LDIRECTORD.count(chr(10)) + 1}:" in found.where


def test_what_keepalived_says_of_what_works_all_the_same(clinic: Clinic) -> None:
    checker = (
        "        HTTP_GET {\n            nb_get_retry 2\n            url {\n                path /\n            }\n"
    )
    checker += "        }\n"
    clinic.configure_keepalived(configuration(checker, before=SECURE))
    assert clinic.look(configuration_tests).findings == []


# Scripts -----------------------------------------------------------------------------------------------


@pytest.fixture
def script(clinic: Clinic) -> Path:
    """A script that keepalived runs as root, in a folder of root's."""
    path = clinic.script("verdict")
    clinic.configure_keepalived(configuration(misc(f"{path} web/{REAL_IP}", "            user root\n")))
    assert clinic.look(scripts).findings == []
    return path


def _closed(path: Path) -> None:
    path.chmod(0o644)


def _open_to_others(path: Path) -> None:
    path.chmod(0o777)


def _in_an_open_folder(path: Path) -> None:
    path.parent.chmod(0o777)


@pytest.mark.parametrize("spoil", [_closed, _open_to_others, _in_an_open_folder])
def test_a_script_of_ours_that_keepalived_would_drop(
    clinic: Clinic, script: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(script)
    clinic.cure(scripts, "script-dropped")


def test_a_script_that_holds_a_secret_keeps_it(clinic: Clinic, script: Path) -> None:
    script.chmod(0o600)
    clinic.cure(scripts, "script-dropped")
    assert script.stat().st_mode & 0o044 == 0


def _gone(path: Path) -> None:
    path.unlink()


def _of_somebody(path: Path) -> None:
    os.chown(path, 65534, 65534)


def _without_interpreter(path: Path) -> None:
    path.write_text("#!/no/such/shell\n")


def test_one_script_of_many_checks_is_told_once(clinic: Clinic, script: Path) -> None:
    further = misc(f"{script} web/{OTHER_IP}") + misc(f"{script} other/{OTHER_IP}", "            user root\n")
    clinic.configure_keepalived(configuration(misc(f"{script} web/{REAL_IP}") + further))
    script.unlink()
    found = clinic.demand_instruction(scripts, "script-dropped")
    assert [line.startswith("also at ") for line in found.evidence] == [True, True]


@pytest.mark.parametrize("spoil", [_gone, _of_somebody, _without_interpreter])
def test_a_script_that_a_person_must_put_right(clinic: Clinic, script: Path, spoil: Callable[[Path], None]) -> None:
    spoil(script)
    clinic.demand_instruction(scripts, "script-dropped")


def test_a_site_s_own_script_may_lie_where_it_likes(clinic: Clinic, script: Path) -> None:
    own = clinic.folder / "own"
    script.rename(own)
    _open_to_others(own)
    text = misc(str(own), "            user root\n")
    clinic.configure_keepalived(configuration(text))
    assert clinic.look(scripts).findings == []
    clinic.configure_keepalived(configuration(text, SECURE))
    clinic.cure(scripts, "script-dropped")
    clinic.configure_keepalived(configuration(misc(str(own), "            user nosuchuser\n")))
    assert "no user" in clinic.demand_instruction(scripts, "script-dropped").sentence
    own.chmod(0o644)
    clinic.configure_keepalived(configuration(text))
    clinic.cure(scripts, "script-dropped")
    own.unlink()
    clinic.demand_instruction(scripts, "script-dropped")


# Drift -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("script")
def test_a_check_that_the_registry_lacks(clinic: Clinic) -> None:
    clinic.demand_instruction(drift, "unregistered")
    clinic.register()
    assert clinic.look(drift).findings == []


@pytest.mark.usefixtures("script")
@pytest.mark.parametrize(("vip", "real"), [("10.0.0.101", REAL_IP), (VIP, OTHER_IP)])
def test_a_check_of_something_else(clinic: Clinic, vip: str, real: str) -> None:
    clinic.register(vip=vip, real=real)
    (cause,) = {each.cause for each in clinic.look(drift).findings}
    assert cause == ("other-target" if real == REAL_IP else "unregistered")


def test_a_check_that_keepalived_does_not_run(clinic: Clinic, script: Path) -> None:
    clinic.register()
    twice = misc(f"{script} web/{REAL_IP}").join(["", f"    }}\n    real_server {REAL_IP} 80 {{\n", ""])
    clinic.configure_keepalived(configuration(twice))
    clinic.demand_instruction(drift, "left-out")


def test_a_service_that_nobody_asks_for(clinic: Clinic) -> None:
    path = clinic.configure_keepalived(configuration())
    service = clinic.register()
    assert clinic.look(drift).findings == []  # somebody's own
    service.write_text(f"# generated\n# {path}: virtual_server {VIP} 80\n{service.read_text()}")
    assert clinic.demand_instruction(drift, "unused-service").where == str(service)
    service.unlink()
    assert clinic.look(drift).findings == []


@pytest.fixture
def wrapper(clinic: Clinic) -> Path:
    """A wrapper that ldirectord calls, of a service that is there."""
    path = clinic.script("web")
    clinic.configure_ldirectord(
        f'virtual={VIP}:80\n\treal={REAL_IP}:80 gate\n\tchecktype=external\n\tcheckcommand="{path}"\n\tprotocol=tcp\n'
    )
    clinic.register()
    assert clinic.look(drift).findings == []
    return path


@pytest.mark.parametrize("spoil", [_gone, _closed, _open_to_others])
def test_a_wrapper_that_ldirectord_cannot_run(clinic: Clinic, wrapper: Path, spoil: Callable[[Path], None]) -> None:
    spoil(wrapper)
    clinic.demand_instruction(drift, "wrapper")


@pytest.mark.usefixtures("wrapper")
def test_a_wrapper_of_something_else(clinic: Clinic) -> None:
    clinic.register(real=OTHER_IP)
    clinic.demand_instruction(drift, "unregistered")
    clinic.register(vip="10.0.0.101")
    clinic.demand_instruction(drift, "other-target")


# IPVS --------------------------------------------------------------------------------------------------

WITH_IPVS = (
    "mount -t tmpfs none /proc/sys/net/ipv4\nmkdir /proc/sys/net/ipv4/vs\n"
    "echo 0 >/proc/sys/net/ipv4/vs/expire_nodest_conn\necho 0 >/proc/sys/net/ipv4/vs/expire_quiescent_template"
)
UDP = configuration(before=SECURE).replace("TCP\n", "UDP\n").replace("TCP_CHECK", "PING_CHECK")
PERSISTENT = configuration(before=SECURE, virtual="    persistence_timeout 60\n    inhibit_on_failure\n")
LDIRECTORD = f"quiescent=yes\nvirtual={VIP}:80\n\treal={REAL_IP}:80 gate\n\tprotocol=tcp\n\tpersistent=60\n"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (UDP, "clients-of-removed-server"),
        (PERSISTENT.replace("    inhibit_on_failure\n", ""), "clients-of-removed-server"),
        (PERSISTENT, "clients-of-quiesced-server"),
    ],
)
def test_clients_of_failed_servers(clinic: Clinic, text: str, cause: str) -> None:
    clinic.configure_keepalived(text)
    (found,) = Ward(clinic, WITH_IPVS).cure(cause)
    assert found["where"].startswith("net.ipv4.vs.")


def test_clients_of_failed_servers_of_ldirectord(clinic: Clinic) -> None:
    clinic.configure_ldirectord(LDIRECTORD)
    Ward(clinic, WITH_IPVS).cure("clients-of-quiesced-server")


@pytest.mark.skipif(os.path.exists("/proc/sys/net/ipv4/vs"), reason="this kernel has IPVS")
def test_without_ipvs_nothing_was_looked_at(clinic: Clinic) -> None:
    clinic.configure_keepalived(UDP)
    section = clinic.look(ipvs_settings)
    assert section.findings == []
    assert "ip_vs is not loaded" in section.gaps[0]


@pytest.mark.parametrize(
    "text",
    [
        configuration(),
        UDP.replace("    lb_kind", "    inhibit_on_failure\n    lb_kind"),
        UDP.replace("    lb_kind", "    ops\n    lb_kind"),
    ],
)
def test_what_needs_no_setting_is_no_fault(clinic: Clinic, text: str) -> None:
    clinic.configure_keepalived(text)
    section = clinic.look(ipvs_settings)
    assert (section.findings, section.gaps) == ([], [])
