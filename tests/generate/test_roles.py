# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose role a service goes by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lvs_rawcheck.checks.request_values import parse_endpoints
from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.config.keepalived.model import VrrpInstance
from lvs_rawcheck.generate.keepalived.roles import Roles
from lvs_rawcheck.generate.refusal import Refused

CONFIGURATION = """\
vrrp_sync_group G {
    group {
        VI_1
        VI_2
    }
}
vrrp_instance VI_1 {
    virtual_ipaddress {
        192.0.2.1/24 brd 192.0.2.255 dev eth0 label eth0:1
        192.0.2.9
    }
    virtual_ipaddress_excluded {
        2001:DB8:0::1/64 dev eth0
    }
}
vrrp_instance VI_2 {
    virtual_ipaddress {
        192.0.2.2
        192.0.2.9
    }
}
vrrp_instance VI_3 {
    virtual_ipaddress {
        192.0.2.3/25
        nonsense
    }
}
vrrp_instance VI_3 {
    virtual_ipaddress {
        192.0.2.4
    }
}
"""
VI_1 = "/run/lvs-rawcheck/role/VI_1"
Wire = Callable[[VrrpInstance], None]


def roles(folder: Path, wire: Wire = lambda instance: None) -> Roles:
    file = folder / "keepalived.conf"
    file.write_text(CONFIGURATION)
    return Roles(read_keepalived(str(file)).site, "/run/lvs-rawcheck/", wire)


@pytest.mark.parametrize(
    ("endpoints", "role_file", "why"),
    [
        ("192.0.2.1:80", VI_1, None),
        ("192.0.2.1:80,192.0.2.1:443", VI_1, None),
        ("[2001:db8::1]:80", VI_1, None),
        ("192.0.2.3:80", "/run/lvs-rawcheck/role/VI_3", None),
        ("192.0.2.1:80,192.0.2.2:80", VI_1, None),
        ("192.0.2.1:80,192.0.2.3:80", "auto", "its VIPs are held by different instances: VI_1, VI_3"),
        ("192.0.2.3:80,192.0.2.1:80", "auto", "its VIPs are held by different instances: VI_3, VI_1"),
        ("192.0.2.7:80", "auto", "VIP 192.0.2.7 is held by no vrrp_instance"),
        ("192.0.2.1:80,192.0.2.7:80", "auto", "VIP 192.0.2.7 is held by no vrrp_instance"),
        ("192.0.2.9:80", "auto", "VIP 192.0.2.9 is held by several: VI_1, VI_2"),
        # keepalived skips the second instance of a name, and with it its VIP.
        ("192.0.2.4:80", "auto", "VIP 192.0.2.4 is held by no vrrp_instance"),
    ],
)
def test_vips_are_matched_by_address(tmp_path: Path, endpoints: str, role_file: str, why: str | None) -> None:
    assert roles(tmp_path).role_file(parse_endpoints(endpoints, None)) == (role_file, why)


def test_an_instance_is_wired_once_and_only_if_it_is_needed(tmp_path: Path) -> None:
    wired: list[str] = []
    asked = roles(tmp_path, lambda instance: wired.append(instance.name))
    for endpoints in ("192.0.2.1:80", "192.0.2.7:80", "192.0.2.1:81", "192.0.2.1:80,192.0.2.2:80"):
        asked.role_file(parse_endpoints(endpoints, None))
    assert wired == ["VI_1"]


def test_an_instance_that_cannot_be_wired_leaves_the_role_to_the_vip(tmp_path: Path) -> None:
    tries: list[str] = []

    def refuse(instance: VrrpInstance) -> None:
        tries.append(instance.name)
        raise Refused("it stands in a sequence")

    asked = roles(tmp_path, refuse)
    for _ in range(2):
        assert asked.role_file(parse_endpoints("192.0.2.3:80", None)) == (
            "auto",
            "vrrp_instance VI_3 cannot maintain a role file: it stands in a sequence",
        )
    assert tries == ["VI_3"]
