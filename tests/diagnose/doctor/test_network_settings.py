# SPDX-License-Identifier: GPL-2.0-or-later
"""log_martians, rp_filter, arp_ignore, ip_nonlocal_bind: what each really does to checks, and that doctor knows."""

from __future__ import annotations

import pytest

from lvs_rawcheck.diagnose.doctor.arp import arp_settings
from lvs_rawcheck.diagnose.doctor.martians import log_martians
from lvs_rawcheck.diagnose.doctor.reverse_path import rp_filter
from lvs_rawcheck.diagnose.doctor.ways import ways
from tests.diagnose.doctor.clinic import DIRECTOR_IP, REAL_IP, REAL_IP6, VIP, VIP6, Clinic
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

CONF = "net.ipv4.conf"
PATIENT, SHORT = 5.0, 0.4
"""Seconds, for what must come, and for what must not."""


@pytest.mark.parametrize("scope", ["all", "eth0"])
def test_answers_of_own_vips_are_logged(clinic: Clinic, scope: str) -> None:
    clinic.register()
    clinic.host.add_address(f"{VIP}/32", "eth0")
    assert clinic.look(log_martians).findings == []
    assert "eth0" in clinic.look(log_martians).looked_at
    clinic.host.sysctl(f"{CONF}.{scope}.log_martians", 1)
    found = clinic.cure(log_martians, "log-martians")
    assert found.evidence == [f"{CONF}.{scope}.log_martians = 1"]


def test_on_a_standby_and_in_ipv6_nothing_is_logged(clinic: Clinic) -> None:
    clinic.register()
    clinic.register(vip=VIP6, real=REAL_IP6, name="six")
    clinic.host.add_address(f"{VIP6}/128", "eth0")
    clinic.host.sysctl(f"{CONF}.all.log_martians", 1)
    assert clinic.look(log_martians).findings == []


def test_an_interface_that_no_answer_comes_by_may_log(clinic: Clinic) -> None:
    clinic.register()
    clinic.host.add_address(f"{VIP}/32", "eth0")
    clinic.host.attach("eth1")
    clinic.host.sysctl(f"{CONF}.eth1.log_martians", 1)
    assert clinic.look(log_martians).findings == []
    clinic.register('reply_interface = "any"')
    assert clinic.finding(log_martians, "log-martians").where == "eth1"


def test_a_name_with_a_dot_as_vlans_have(clinic: Clinic) -> None:
    clinic.host.macvlan("eth0.7", addresses=["10.7.0.21/24", f"{VIP}/32"])
    clinic.register(real="10.7.0.42")
    clinic.host.run(["sysctl", "-w", "net/ipv4/conf/eth0.7/log_martians=1"])
    assert clinic.cure(log_martians, "log-martians").where == "eth0.7"


def connects(host: Host, address: str, seconds: float = PATIENT) -> bool:
    """Return whether the kernel establishes a connection to port 80 of an address in so much time."""
    words = ["/usr/bin/python3", "-c", f"import socket; socket.create_connection(({address!r}, 80), {seconds})"]
    return host.run(words, check=False).returncode == 0


def _two_segments(clinic: Clinic, network: Network) -> Host:
    """Return a real server that hears on one segment and answers by another one."""
    network.add_bridge("br1")
    clinic.host.attach("eth1", ["10.1.0.21/24"], "br1")
    server = network.host("server", [f"{REAL_IP}/24"])
    server.attach("eth1", ["10.1.0.42/24"], "br1")
    for scope in ("all", "eth0", "eth1"):
        server.sysctl(f"{CONF}.{scope}.rp_filter", 0)
        clinic.host.sysctl(f"{CONF}.{scope}.rp_filter", 0)
    server.ip("route", "add", f"{DIRECTOR_IP}/32", "via", "10.1.0.21", "dev", "eth1")
    tcp_server(server, REAL_IP, 80)
    return server


def test_a_strict_filter_drops_what_comes_by_another_interface(clinic: Clinic, network: Network) -> None:
    _two_segments(clinic, network)
    clinic.register('reply_interface = "eth1"')
    assert clinic.look(rp_filter).findings == []
    assert connects(clinic.host, REAL_IP)
    clinic.host.sysctl(f"{CONF}.eth1.rp_filter", 1)
    assert not connects(clinic.host, REAL_IP, SHORT)
    assert clinic.cure(rp_filter, "strict-reverse-path").where == "eth1"
    assert connects(clinic.host, REAL_IP)


def test_a_strict_filter_alone_is_no_fault(clinic: Clinic) -> None:
    clinic.register()
    clinic.host.sysctl(f"{CONF}.all.rp_filter", 1)
    assert clinic.look(rp_filter).findings == []
    clinic.register('reply_interface = "eth0"')
    assert clinic.look(rp_filter).findings == []


def _has_answer(asker: Host, address: str) -> bool:
    """Return whether somebody answers an ARP request."""
    asker.ip("neighbour", "flush", "all")
    asker.run(["ping", "-c1", "-W1", address], check=False)
    return "lladdr" in asker.ip("neighbour", "show", address)


@pytest.fixture
def client(network: Network) -> Host:
    """A client on the link."""
    return network.host("client", ["10.0.0.99/24"])


@pytest.mark.parametrize("value", [1, 2, 8])
def test_an_active_director_that_does_not_answer_for_its_vip(clinic: Clinic, client: Host, value: int) -> None:
    clinic.register()
    clinic.host.add_address(f"{VIP}/32", "eth0")
    clinic.host.sysctl(f"{CONF}.all.arp_ignore", value)
    assert _has_answer(client, VIP) == (not clinic.look(arp_settings).findings)
    if value == 8:
        clinic.cure(arp_settings, "vip-not-announced")
        assert _has_answer(client, VIP)


def test_a_vip_of_scope_host_is_not_answered_for_at_3(clinic: Clinic, client: Host) -> None:
    clinic.register()
    clinic.host.ip("address", "add", f"{VIP}/32", "dev", "eth0", "scope", "host")
    clinic.host.sysctl(f"{CONF}.eth0.arp_ignore", 3)
    assert not _has_answer(client, VIP)
    clinic.cure(arp_settings, "vip-not-announced")
    assert _has_answer(client, VIP)


def test_a_standby_that_answers_for_the_vip_on_its_lo(clinic: Clinic, client: Host) -> None:
    clinic.register(f'role_file = "{clinic.role_file}"')
    clinic.host.add_address(f"{VIP}/32", "lo")
    clinic.tell_role("1\n")
    assert clinic.look(arp_settings).findings == []  # clients may need just this
    clinic.tell_role("0\n")
    assert _has_answer(client, VIP)
    clinic.cure(arp_settings, "vip-announced-by-standby")
    assert not _has_answer(client, VIP)


def test_a_vip_in_no_subnet_is_routed_here_and_nobody_asks(clinic: Clinic) -> None:
    clinic.register(vip="192.0.2.100")
    clinic.host.add_address("192.0.2.100/32", "eth0")
    clinic.host.sysctl(f"{CONF}.all.arp_ignore", 8)
    assert clinic.look(arp_settings).findings == []


BOUND = f"""\
virtual_server {VIP} 80 {{
    lb_kind DR
    protocol TCP
    real_server {REAL_IP} 80 {{
        TCP_CHECK {{
            bindto 10.0.0.77
        }}
    }}
}}
"""


def test_a_checker_that_may_connect_from_an_address_of_somebody_else(clinic: Clinic) -> None:
    clinic.configure_keepalived(BOUND)
    assert clinic.look(ways).findings == []
    clinic.host.sysctl("net.ipv4.ip_nonlocal_bind", 1)
    found = clinic.demand_instruction(ways, "nonlocal-bind")
    assert found.where.endswith("keepalived.conf:5:9")
    clinic.host.add_address("10.0.0.77/24", "eth0")
    assert clinic.look(ways).findings == []


@pytest.mark.parametrize("setting", ['source = "10.0.0.77"', f'source = "{VIP}"', 'interface = "eth7"'])
def test_a_check_that_has_no_way_out(clinic: Clinic, setting: str) -> None:
    clinic.register(setting)
    clinic.demand_instruction(ways, "no-way")
    clinic.register()
    assert clinic.look(ways).findings == []
    assert clinic.look(ways).looked_at == "1 checks"


def test_an_interface_that_is_down(clinic: Clinic) -> None:
    clinic.register()
    clinic.host.ip("link", "set", "eth0", "down")
    clinic.demand_instruction(ways, "no-way")
