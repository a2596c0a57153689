# SPDX-License-Identifier: GPL-2.0-or-later
"""What a configuration sets up: defaults, inheritance, and the words that mean something else than they seem to."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.config.keepalived.addresses import RangeError, address_range, addresses_between
from lvs_rawcheck.config.keepalived.model import Checker, RealServer, VirtualServer
from lvs_rawcheck.config.keepalived.numbers import read_boolean, read_number, read_timer
from tests.config.keepalived.texts import kinds, read


def virtual(folder: Path, body: str, head: str = "192.0.2.1 80") -> VirtualServer:
    """Return a virtual server with one real server besides what the body says."""
    text = f"virtual_server {head} {{\n{body}\nreal_server 198.51.100.250 80 {{\n}}\n}}\n"
    return read(folder, text).site.virtual_servers[0]


def real(folder: Path, body: str, around: str = "protocol TCP\nlb_kind DR") -> RealServer:
    """Return a real server with this body."""
    return virtual(folder, f"{around}\nreal_server 198.51.100.1 8080 {{\n{body}\n}}").real_servers[0]


def checker(folder: Path, body: str, around: str = "") -> Checker:
    """Return the first checker of a real server with this body."""
    return real(folder, body, f"protocol TCP\nlb_kind DR\n{around}").checkers[0]


def test_defaults(tmp_path: Path) -> None:
    server = virtual(tmp_path, "")
    assert (server.address, server.port, server.protocol, server.method) == ("192.0.2.1", 80, "udp", "NAT")
    assert (server.delay_loop, server.connect_timeout, server.quorum, server.scheduler) == (60.0, 5.0, 1, "wlc")
    assert (server.real_servers[0].weight, server.real_servers[0].method) == (1, "NAT")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("TCP_CHECK {\n}", (1, 1.0, 60.0, 60.0, 5.0)),
        ("HTTP_GET {\nurl {\npath /\n}\n}", (1, 3.0, 60.0, 60.0, 5.0)),
        ("DNS_CHECK {\n}", (3, 60.0, 60.0, 60.0, 5.0)),
        ("DNS_CHECK {\ndelay_loop 7\n}", (3, 7.0, 7.0, 7.0, 5.0)),
        ('MISC_CHECK {\nmisc_path "/x"\n}', (0, 1.0, 60.0, 60.0, None)),
        ("delay_loop 9\nTCP_CHECK {\n}", (1, 1.0, 9.0, 9.0, 5.0)),
        ("retry 4\nTCP_CHECK {\nretry 0\n}", (0, 1.0, 60.0, 60.0, 5.0)),
        ("warmup 2\ndelay_before_retry 0.25\nconnect_timeout 1.5\nTCP_CHECK {\n}", (1, 0.25, 60.0, 2.0, 1.5)),
    ],
)
def test_times_in_force(tmp_path: Path, body: str, expected: tuple[float | None, ...]) -> None:
    found = checker(tmp_path, body)
    times = (found.retry, found.delay_before_retry, found.delay_loop, found.warmup, found.connect_timeout)
    assert times == expected


def test_times_of_the_virtual_server_count_wherever_they_stand(tmp_path: Path) -> None:
    text = "virtual_server 192.0.2.1 80 {\nprotocol TCP\nreal_server 198.51.100.1 80 {\nTCP_CHECK {\n}\n}\nretry 7\n}\n"
    assert read(tmp_path, text).site.virtual_servers[0].real_servers[0].checkers[0].retry == 7


@pytest.mark.parametrize(
    ("body", "methods"),
    [
        ("lb_kind DR\nreal_server 198.51.100.1 80 {\n}", ["DR", "DR"]),
        ("lvs_method DR\nreal_server 198.51.100.1 80 {\nlvs_method NAT\n}", ["NAT", "DR"]),
        ("real_server 198.51.100.1 80 {\n}\nlb_kind DR", ["DR", "DR"]),
        ("lb_kind NAT\nreal_server 198.51.100.1 80 {\n}\nlb_kind DR", ["NAT", "DR"]),
        ("lb_kind dr\nreal_server 198.51.100.1 80 {\n}", ["NAT", "NAT"]),
        ("lb_kind DR\nreal_server 198.51.100.1 80 {\nlvs_method Tun\n}", ["DR", "DR"]),
        ("lb_kind DR\nreal_server 198.51.100.1 80 {\nlb_kind NAT\n}", ["DR", "DR"]),
    ],
)
def test_method_of_each_server(tmp_path: Path, body: str, methods: list[str]) -> None:
    assert [each.method for each in virtual(tmp_path, body).real_servers] == methods


def test_lower_case_method_is_an_error(tmp_path: Path) -> None:
    found = read(tmp_path, "virtual_server 192.0.2.1 80 {\nlb_kind dr\nreal_server 198.51.100.1 80 {\n}\n}\n")
    assert [(finding.kind, finding.span.line) for finding in found.errors] == [("value", 2)]


def test_second_of_the_same_server_is_dropped(tmp_path: Path) -> None:
    twice = "protocol TCP\nreal_server 198.51.100.250 80 {\nweight 9\n}"
    server = virtual(tmp_path, twice)
    assert [each.weight for each in server.real_servers] == [9]
    assert server.dropped_servers[0].dropped


def test_server_of_another_family_is_dropped(tmp_path: Path) -> None:
    server = virtual(tmp_path, "protocol TCP\nreal_server 2001:db8::1 80 {\n}")
    assert [each.address for each in server.dropped_servers] == ["2001:db8::1"]


def test_a_range_on_a_virtual_server_is_its_first_address(tmp_path: Path) -> None:
    assert virtual(tmp_path, "protocol TCP", "192.0.2.1-9 80").address == "192.0.2.1"


@pytest.mark.parametrize("head", ["192.0.2.300 80", "192.0.2.1 99999", "fwmark x-1", "web.example.com 80"])
def test_a_server_that_keepalived_skips(tmp_path: Path, head: str) -> None:
    found = read(tmp_path, f"virtual_server {head} {{\nreal_server 198.51.100.1 80 {{\n}}\n}}\n")
    skipped = [] if head.startswith("fwmark") else ["skipped"]
    assert [finding.kind for finding in found.errors] == skipped
    assert len(found.site.virtual_servers) == 1 - len(skipped)


def test_firewall_mark(tmp_path: Path) -> None:
    server = virtual(tmp_path, "lb_kind DR\nprotocol TCP\nha_suspend", "fwmark 7")
    assert (server.fwmark, server.protocol, server.ha_suspend, server.address) == (7, None, False, None)


def test_group(tmp_path: Path) -> None:
    group = "virtual_server_group web {\n192.0.2.1-3 80\n2001:db8::1a-1f 80\n192.0.2.8/30 443\nfwmark 5 inet\n}\n"
    body = "virtual_server group web {\nprotocol TCP\nreal_server 198.51.100.1 80 {\n}\n}\n"
    found = read(tmp_path, body + group)
    server = found.site.virtual_servers[0]
    assert server.group is not None
    counted = [len(addresses_between(entry.first, entry.last)) for entry in server.group.entries if entry.first]
    assert counted == [3, 6, 4]
    assert [(entry.port, entry.fwmark) for entry in server.group.entries] == [
        (80, None),
        (80, None),
        (443, None),
        (0, 5),
    ]


def test_unknown_group(tmp_path: Path) -> None:
    server = virtual(tmp_path, "protocol TCP", "group web")
    assert server.dropped == "there is no virtual_server_group 'web'"


@pytest.mark.parametrize(
    "text", ["192.0.2.9-3", "192.0.2.1-300", "192.0.2.1/24", "2001:db8::/0", "x-3", "192.0.2.1-::1"]
)
def test_entries_that_keepalived_skips(text: str) -> None:
    with pytest.raises(RangeError):
        address_range(text)


def test_full_ranges() -> None:
    first, last = address_range("192.0.2.250-192.0.3.5")
    assert len(addresses_between(first, last)) == 12
    first, last = address_range("2001:db8::fff0-2001:db8::1:5")
    assert len(addresses_between(first, last)) == 22
    with pytest.raises(RangeError):
        addresses_between(*address_range("2001:db8::/32"))


@pytest.mark.parametrize(
    ("text", "value", "clean"),
    [
        ("5", 5, True),
        ("5s", 5, False),
        ("x", 0, False),
        ("", 0, False),
        ("-1", None, False),
        ("99999999999", None, False),
    ],
)
def test_numbers(text: str, value: int | None, clean: bool) -> None:
    number, complaint = read_number(text, 0, 1000)
    assert (number, complaint is None) == (value, clean)


@pytest.mark.parametrize(
    ("text", "value", "clean"),
    [
        ("5", 5.0, True),
        ("0.25", 0.25, True),
        ("1.1234567", 1.123457, False),
        ("5s", 0.000005, False),
        ("5.5s", 0.000055, False),
        ("-1", None, False),
        (".5", 0.5, True),
        ("", 0.0, False),
    ],
)
def test_times(text: str, value: float | None, clean: bool) -> None:
    seconds, complaint = read_timer(text, 0)
    assert (seconds, complaint is None) == (value, clean)


def test_booleans() -> None:
    words: tuple[list[str], ...] = ([], ["on"], ["yes"], ["true"], ["off"], ["no"], ["false"], ["On"], ["1"])
    assert [read_boolean(each) for each in words] == [True, True, True, True, False, False, False, None, None]


def test_http(tmp_path: Path) -> None:
    found = checker(
        tmp_path,
        "SSL_GET {\nenable_sni\nhttp_protocol 1.0c\nvirtualhost w.example\nconnect_ip 198.51.100.9\nconnect_port 8443\n"
        "bindto 198.51.100.254\nfwmark 3\n"
        "url {\npath /a\ndigest 640205B7B0FC66C1EA91C463FAC6334D\ndigest 00000000000000000000000000000000\n}\n"
        'url {\npath /b\nstatus_code 200 301-302 700\nregex "^a b\\.c"\nregex_no_match\nvirtualhost v\n}\nurl {\n}\n}',
    )
    assert [url.path for url in found.urls] == ["/a", "/b"]
    assert found.urls[0].digest == "640205b7b0fc66c1ea91c463fac6334d"
    assert (found.urls[0].status, found.urls[1].status) == ([(200, 299)], [(200, 200), (301, 302)])
    assert (found.urls[1].regex, found.urls[1].regex_no_match, found.urls[1].virtualhost) == ("^a b.c", True, "v")
    assert found.parameters == {"enable_sni": True, "http_protocol": "1.0C", "virtualhost": "w.example"}
    connection = found.connection
    assert (connection.connect_ip, connection.connect_port, connection.bindto) == (
        "198.51.100.9",
        8443,
        "198.51.100.254",
    )
    assert connection.fwmark == 3


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        ('"/x/check a b"', ["/x/check", "a", "b"]),
        ("/x/check a b", ["/x/check"]),
        ("\"/x/check --n 'two words' ''\"", ["/x/check", "--n", "two words", ""]),
        ('"/x/check # ! { } $HOME %"', ["/x/check", "#", "!", "{", "}", "$HOME", "%"]),
        ('"/x/check thr\\"ee\\""', ["/x/check", "three"]),
        ('"/x/check x\\\\ty"', ["/x/check", "x\ty"]),
    ],
)
def test_misc_path(tmp_path: Path, line: str, argv: list[str]) -> None:
    found = checker(tmp_path, f"MISC_CHECK {{\nuser nobody\nmisc_path {line}\n}}")
    assert found.script is not None
    assert (found.script.argv, found.script.user) == (argv, "nobody")


def test_lost_arguments_are_found(tmp_path: Path) -> None:
    stanza = "MISC_CHECK {\nmisc_path /x a\n}\n"
    text = f"virtual_server 192.0.2.1 80 {{\nprotocol TCP\nreal_server 198.51.100.1 80 {{\n{stanza}}}\n}}\n"
    assert kinds(read(tmp_path, text)) == ["value"]


def test_checkers_without_what_they_need_are_dropped(tmp_path: Path) -> None:
    server = real(tmp_path, "HTTP_GET {\n}\nMISC_CHECK {\n}\nFILE_CHECK {\n}\nTCP_CHECK {\n}")
    assert [each.dropped is None for each in server.checkers] == [False, False, False, True]


def test_smtp_hosts_come_after_what_the_checker_itself_connects_to(tmp_path: Path) -> None:
    hosts = "SMTP_CHECK {\nhost {\nconnect_ip 198.51.100.7\n}\nhelo_name me\n%s}"
    assert [each.connect_ip for each in checker(tmp_path, hosts % "").hosts] == ["198.51.100.7"]
    both = checker(tmp_path, hosts % "connect_port 25\n").hosts
    assert [(each.connect_ip, each.connect_port) for each in both] == [(None, 25), ("198.51.100.7", None)]


def test_a_smtp_host_has_its_own_connect_timeout_and_the_other_times_are_the_checkers(tmp_path: Path) -> None:
    found = checker(tmp_path, "SMTP_CHECK {\nhost {\nconnect_timeout 9\nretry 7\ndelay_loop 11\n}\n}")
    assert (found.retry, found.delay_loop, found.connect_timeout) == (7, 11.0, 5.0)
    assert [each.connect_timeout for each in found.hosts] == [9.0]


def test_instances(tmp_path: Path) -> None:
    site = read(
        tmp_path,
        "global_defs {\nscript_user nobody nogroup\nnotify_fifo /a\nnotify_fifo /b\nenable_script_security\n}\n"
        'vrrp_sync_group G {\ngroup {\nVI_1 VI_2\nVI_3\n}\nnotify_master "/g a"\n}\n'
        "vrrp_instance VI_1 {\ninterface eth0\nvirtual_ipaddress {\n192.0.2.1/24 dev eth1 label x\n192.0.2.2\n}\n"
        'virtual_ipaddress_excluded {\n2001:db8:0::1/64\n}\nnotify "/n a" root adm\nnotify /second\n}\n'
        "vrrp_instance VI_1 {\ninterface eth9\n}\n",
    ).site
    assert (site.settings.script_user, site.settings.script_group) == ("nobody", "nogroup")
    assert (site.settings.notify_fifo, site.settings.enable_script_security) == ("/a", True)
    assert site.sync_groups[0].members == ["VI_1", "VI_2", "VI_3"]
    assert [(each.name, each.interface) for each in site.instances] == [("VI_1", "eth0")]
    vips = [(each.address, each.prefix_length, each.device, each.excluded) for each in site.instances[0].virtual_ips]
    assert vips == [
        ("192.0.2.1", 24, "eth1", False),
        ("192.0.2.2", 32, None, False),
        ("2001:db8::1", 64, None, True),
    ]
    script = site.instances[0].scripts["notify"]
    assert (script.argv, script.user, script.group) == (["/n", "a"], "root", "adm")


def test_places(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "virtual_server 192.0.2.1 80 {\n  protocol TCP\n  real_server 198.51.100.1 80 {\n    weight 3\n"
        "    TCP_CHECK { # why\n      connect_timeout 3\n    }\n  }\n}\n",
    )
    server = found.site.virtual_servers[0].real_servers[0]
    stanza = server.checkers[0].span
    assert stanza is not None
    assert (stanza.line, stanza.column) == (5, 5)
    assert stanza.octets == b"TCP_CHECK { # why\n      connect_timeout 3\n    }"
    assert stanza.whole_lines().octets.startswith(b"    TCP_CHECK {")
    weight = server.span_of("weight")
    assert weight is not None
    assert weight.octets == b"weight 3"
    assert server.span_of("retry") is None
