# SPDX-License-Identifier: GPL-2.0-or-later
"""From a service file to values: every key, every slip with its place, and files that nobody should have written."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvs_rawcheck.checks.kinds import KINDS
from lvs_rawcheck.errors import ConfigError, UsageError
from lvs_rawcheck.registry.files import FILE_OCTETS_MOST
from lvs_rawcheck.registry.keys import SERVICE_KEYS, SETTINGS
from lvs_rawcheck.registry.read import read_check, read_registry
from lvs_rawcheck.registry.service import Service
from lvs_rawcheck.registry.templates import toml_value
from lvs_rawcheck.wire.address import format_address, parse_address, parse_mac
from tests.registry.folder import WEB, fault, nothing_to_import, parsed, put

ALL_KEYS = """\
endpoint = ["10.0.0.100:80", "10.0.0.101:80"]
protocol = "udp"
min_healthy = 1
role_file = "/run/lvs-rawcheck/role/VI_1"
standby = "raw"
interval = 5
retry_interval = 0.5
timeout = 1.5
fall = 2
rise = 3
interface = "eth0"
source = "10.0.0.21"
reply_interface = "any"
reply_mac = "02:00:0a:00:00:2a"
on_cannot_judge = "down"
clean_close = true
vip_policy = "any"
prove_vip = false
mode = "observe"

[[check]]
kind = "http"
path = "/health"
host = "www.example.com"
status = [200, "301-303"]
http_version = 1.1
no_host = false

[[check]]
kind = "udp"

[[standby_check]]
kind = "tcp"

[[real_server]]
address = "10.0.0.42"

[[real_server]]
address = "10.0.0.43"
port = 8080
role_file = "auto"
timeout = 3
[[real_server.check]]
kind = "tcp"
[[real_server.standby_check]]
kind = "http"
connect_ip = "10.1.0.43"
connect_port = 8081
bindto = "10.1.0.21"
bind_port = 700
bind_if = "eth1"
fwmark = 7
"""


def test_every_key() -> None:
    service = parsed(ALL_KEYS)
    assert [str(endpoint) for endpoint in service.endpoints] == ["10.0.0.100:80", "10.0.0.101:80"]
    assert (service.name, service.protocol, service.min_healthy) == ("web", "udp", 1)
    assert vars(service.settings) == {
        "role_file": "/run/lvs-rawcheck/role/VI_1",
        "standby": "raw",
        "interval": 5.0,
        "retry_interval": 0.5,
        "timeout": 1.5,
        "fall": 2,
        "rise": 3,
        "interface": "eth0",
        "source": parse_address("10.0.0.21"),
        "reply_interface": "any",
        "reply_mac": parse_mac("02:00:0a:00:00:2a"),
        "on_cannot_judge": "down",
        "clean_close": True,
        "vip_policy": "any",
        "prove_vip": "false",
        "mode": "observe",
    }
    assert set(vars(service.settings)) == {parameter.name for parameter in SETTINGS}


def test_real_servers_inherit_and_replace() -> None:
    first, second = parsed(ALL_KEYS).real_servers
    assert [check.kind.name for check in first.checks] == ["http", "udp"]
    assert [standby.check.kind.name for standby in first.standby_checks] == ["tcp"]
    assert (first.settings.timeout, first.settings.role_file, first.port) == (1.5, "/run/lvs-rawcheck/role/VI_1", None)
    assert [check.kind.name for check in second.checks] == ["tcp"]
    assert (second.settings.timeout, second.settings.role_file, second.port) == (3.0, "auto", 8080)
    assert (second.settings.mode, second.settings.fall) == ("observe", 2)
    (standby,) = second.standby_checks
    assert standby.way.octets("connect_ip") == parse_address("10.1.0.43")
    assert [standby.way.number(key) for key in ("connect_port", "bind_port", "fwmark")] == [8081, 700, 7]
    assert (standby.way.octets("bindto"), standby.way.text("bind_if")) == (parse_address("10.1.0.21"), "eth1")


def test_a_checks_keys_are_its_kinds_parameters() -> None:
    http, udp = parsed(ALL_KEYS).real_servers[0].checks
    assert http.values.octets("path") == b"/health"
    assert http.values.all("status") == [(200, 200), (301, 303)]
    assert (http.values.text("http_version"), http.values.flag("no_host")) == ("1.1", False)
    assert http.values.text("method") == "GET"  # a default
    assert udp.values.text("prove_vip") == "false"  # the service's
    own = parsed(ALL_KEYS.replace('kind = "udp"', 'kind = "udp"\nprove_vip = true')).real_servers[0].checks[1]
    assert own.values.text("prove_vip") == "true"


def test_the_least_has_the_defaults_of_run() -> None:
    (server,) = parsed(WEB).real_servers
    told = server.settings
    assert (told.reply_mac, told.on_cannot_judge, told.standby, told.mode) == (
        "known",
        "standard",
        "fallback",
        "enforce",
    )
    assert (told.timeout, told.interval, told.fall, told.rise, told.role_file) == (2.0, 2.0, 1, 1, None)
    assert (told.vip_policy, told.clean_close, told.source) == ("all", False, None)
    assert parsed(WEB).protocol == "tcp"


def test_ipv6() -> None:
    service = parsed(WEB.replace("10.0.0.100:80", "[2001:DB8::100]:443").replace("10.0.0.42", "2001:db8:0::42"))
    assert str(service.endpoints[0]) == "[2001:db8::100]:443"
    assert service.check_id(service.real_servers[0]) == "web/2001:db8::42"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("address =", "adress ="), "real_server[0].adress: unknown key, did you mean address?"),
        (("[[check]]", "time-out = 1\n[[check]]"), "time-out: unknown key, did you mean timeout?"),
        (("[[check]]", "zzz = 1\n[[check]]"), "zzz: unknown key (there are: check, clean_close, endpoint,"),
        (("[[check]]", '"a\\nb" = 1\n[[check]]'), "'a\\nb': unknown key"),
        (('"tcp"', '"tcp"\npath = "/"'), "check[0].path: unknown key (there are: kind)"),
        (('"tcp"', '"http"\npth = "/"'), "check[0].pth: unknown key, did you mean path?"),
        (('"tcp"', '"tpc"'), "check[0].kind: no such kind of check: 'tpc' (there are: tcp, "),
        (('kind = "tcp"', ""), "check[0].kind: missing"),
        (('kind = "tcp"', "kind = 1"), "check[0].kind: wanted a text, found a number"),
        (('"tcp"', '"http"\nstatus = "200"'), "check[0].status: wanted a list, found a text"),
        (('"tcp"', '"http"\nno_host = "yes"'), "check[0].no_host: wanted true or false, found a text"),
        (('"tcp"', '"http"\npath = true'), "check[0].path: "),
        (('"tcp"', '"http"\nhost = []'), "check[0].host: wanted a text or a number, found a list"),
        (('"tcp"', '"http"\nstatus = [200, 1979-05-27]'), "check[0].status[1]: wanted a text or a number, found"),
        (('"tcp"', '"ftp"\nlogin = true'), "check[0].login: wanted a text, found true"),
        (('"tcp"', '"ftp"\npassword = 12345'), "check[0].password: wanted a text, found a number"),
        (('"tcp"', '"tcp"\nconnect_ip = "10.0.0.1"'), "check[0].connect_ip: unknown key"),
        (('["10.0.0.100:80"]', '"10.0.0.100:80"'), "endpoint: wanted a list of texts, found a text"),
        (('["10.0.0.100:80"]', "[]"), "endpoint: empty"),
        (('["10.0.0.100:80"]', "[80]"), "endpoint[0]: wanted a text, found a number"),
        (('"10.0.0.100:80"', '"10.0.0.100:80", "10.0.0.100:80"'), "endpoint[1]: 10.0.0.100:80 is there twice"),
        (("10.0.0.100:80", "10.0.0.100"), "endpoint[0]: no port given"),
        (("10.0.0.100:80", "10.0.0.100:0"), "endpoint[0]: not a port"),
        (("10.0.0.100:80", "10.0.0.100:80,10.0.0.101:80"), "endpoint[0]: one endpoint an element"),
        (('endpoint = ["10.0.0.100:80"]', ""), "endpoint: missing"),
        (('"10.0.0.42"', '"10.0.0.042"'), "real_server[0].address: not an IPv4 or IPv6 address: '10.0.0.042'"),
        (('"10.0.0.42"', '"fe80::1%eth0"'), "real_server[0].address: not an IPv4 or IPv6 address"),
        (('"10.0.0.42"', "42"), "real_server[0].address: wanted a text, found a number"),
        (('address = "10.0.0.42"', ""), "real_server[0].address: missing"),
        (("[[real_server]]", "[real_server]"), "real_server: wanted tables, each headed [[real_server]], found"),
        (("[[check]]\n", "check = [1]\n[other]\n"), "other: unknown key"),
        (("[[check]]", "timeout = 0\n[[check]]"), "timeout: not a time in seconds, above 0 and at most 300: '0'"),
        (("[[check]]", "timeout = nan\n[[check]]"), "timeout: not a time in seconds"),
        (("[[check]]", "timeout = 1e-9\n[[check]]"), "timeout: not a time in seconds"),
        (("[[check]]", "fall = 0\n[[check]]"), "fall: not a whole number, 1 to 1000: '0'"),
        (("[[check]]", "fall = 0xFFFFFFFFFFFFFFFFFF\n[[check]]"), "fall: wanted a text or a number, found a number"),
        (("[[check]]", 'role_file = "role"\n[[check]]'), "role_file: not auto, nor an absolute path without blanks"),
        (("[[check]]", 'role_file = "/a b"\n[[check]]'), "role_file: not auto, nor an absolute path without blanks"),
        (("[[check]]", 'mode = "off"\n[[check]]'), "mode: not one of enforce, observe, standard: 'off'"),
        (("[[check]]", 'standby = true\n[[check]]'), "standby: not one of fallback, raw: 'true'"),
        (("[[check]]", 'reply_mac = "mine"\n[[check]]'), "reply_mac: not a MAC address"),
        (("[[check]]", 'source = "www"\n[[check]]'), "source: not an IPv4 or IPv6 address"),
        (("[[check]]", 'interface = "a/b"\n[[check]]'), "interface: not an interface name"),
        (('[[check]]\nkind = "tcp"', ""), "real_server[0]: no check: neither here nor for the whole service"),
        (('"10.0.0.42"', '"10.0.0.42"\nport = 80000'), "real_server[0].port: not a port"),
        (('"10.0.0.42"', '"10.0.0.42"\nendpoint = ["10.0.0.100:80"]'), "real_server[0].endpoint: unknown key"),
        (('"10.0.0.42"\n', '"10.0.0.42"\n[[real_server]]\naddress = "10.0.0.42"'), "real_server[1].address: 10.0.0.42"),
        (("[[check]]", "[[check]"), "2:8: not TOML: Expected ']]' at the end of an array declaration"),
        (("[[check]]", "[[check]]\nkind = 1"), "4:13: not TOML: Cannot overwrite a value"),
        (("[[check]]", "# \udcff\n[[check]]"), "2:3: not UTF-8"),
        (("[[check]]", "a = \0"), "2:5: not TOML"),
        (("[[check]]", f"fall = {'9' * 5000}\n[[check]]"), "not TOML: "),
        (("[[check]]", f"x = {'[' * 50_000}"), "not TOML: nested too deeply"),
        (('"10.0.0.42"\n', '"10.0.0.42'), "5:21: not TOML: Unterminated string"),
    ],
)  # fmt: skip
def test_slips_are_told_with_their_place(change: tuple[str, str], told: str) -> None:
    assert WEB.count(change[0]) == 1
    text = WEB.replace(*change)
    assert fault(text.encode("utf-8", "surrogateescape")).startswith(told)


def test_the_place_of_a_slip_in_the_fourth_server() -> None:
    servers = "".join(f'[[real_server]]\naddress = "10.0.0.{last}"\n' for last in (43, 44))
    assert fault(f'{WEB}{servers}[[real_server]]\nadress = "10.0.0.45"\n').startswith("real_server[3].adress: ")


def test_a_kinds_own_demands_are_told_with_the_checks_place() -> None:
    spec = parsed(WEB.replace('"tcp"', '"http"\nhost = "a"\nno_host = true')).real_servers[0].checks[0]
    with pytest.raises(ConfigError, match=r"web.toml: check\[0\]: host and no-host contradict each other"):
        spec.step()


# Passwords.


def test_a_password_may_stand_in_the_registry_or_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    file.chmod(0o600)
    ways = (f"password_file = {toml_value(str(file))}", 'password = "from a file"')
    for way in ways:
        text = WEB.replace('"tcp"', f'"ftp"\nlogin = "who"\n{way}')
        assert parsed(text).real_servers[0].checks[0].values.text("password_file") == "from a file"
    both = WEB.replace('"tcp"', '"ftp"\nlogin = "who"\n' + "\n".join(ways))
    assert fault(both) == "check[0].password: password_file and password: give one or the other"
    radius = WEB.replace('"tcp"', '"radius"\nsecret = "s"')
    assert parsed(radius).real_servers[0].checks[0].values.text("secret_file") == "s"


def test_a_password_file_that_others_can_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("x")
    file.chmod(0o644)
    told = fault(WEB.replace('"tcp"', f'"ftp"\npassword_file = "{file}"'))
    assert told.startswith("check[0].password_file: the password file")


# One check's own part.


def check_of(folder: Path, check: str) -> str:
    name, _, address = check.partition("/")
    service, server = read_check(str(folder), name, parse_address(address), nothing_to_import)
    assert [each.address for each in service.real_servers] == [server.address]
    return ",".join(format_address(known) for known in service.addresses)


def test_a_check_is_read_from_its_own_file_and_whatever_is_wrong_with_other_servers(tmp_path: Path) -> None:
    put(tmp_path, "bad", "[")
    bad_servers = '[[real_server]]\naddress = "10.0.0.43"\nno_such_key = 1\n[[real_server]]\nadress = "10.0.0.44"\n'
    put(tmp_path, "web", WEB + bad_servers)
    assert check_of(tmp_path, "web/10.0.0.42") == "10.0.0.42,10.0.0.43"
    with pytest.raises(ConfigError, match=r"real_server\[1\].no_such_key"):
        check_of(tmp_path, "web/10.0.0.43")
    with pytest.raises(UsageError, match=r"no such check: web/10\.0\.0\.44"):
        check_of(tmp_path, "web/10.0.0.44")
    with pytest.raises(ConfigError, match="no such service"):
        check_of(tmp_path, "other/10.0.0.42")
    with pytest.raises(ConfigError, match="cannot read the registry: No such file"):
        check_of(tmp_path / "missing", "web/10.0.0.42")


def test_a_server_that_is_there_twice_is_nobodys_check(tmp_path: Path) -> None:
    put(tmp_path, "web", WEB + '[[real_server]]\naddress = "10.0.0.42"\n')
    with pytest.raises(ConfigError, match="is there twice"):
        check_of(tmp_path, "web/10.0.0.42")


# The folder.


def test_one_bad_file_never_stops_the_others(tmp_path: Path) -> None:
    for name in ("a", "z"):
        put(tmp_path, name, WEB)
    put(tmp_path, "syntax", "endpoint = [")
    put(tmp_path, "a b", WEB)
    put(tmp_path, "unreadable", WEB).unlink()
    (tmp_path / "folder.toml").mkdir()
    os.mkfifo(tmp_path / "fifo.toml")
    (tmp_path / "link.toml").symlink_to(tmp_path / "a.toml")
    with (tmp_path / "huge.toml").open("wb") as huge:
        huge.truncate(1 << 30)
    with (tmp_path / "empty.toml").open("wb") as nuls:
        nuls.truncate(FILE_OCTETS_MOST)
    put(tmp_path, ".hidden", "[")
    (tmp_path / "web.toml.bak").write_text("[")
    registry = read_registry(str(tmp_path), nothing_to_import)
    assert list(registry.services) == ["a", "z"]
    assert [str(error).removeprefix(f"{tmp_path}/") for error in registry.faults] == [
        "a b.toml: not a service's name: letters, digits, and _.- after the first",
        "empty.toml:1:1: not TOML: Invalid statement",
        "fifo.toml: cannot be read: not a file",
        "folder.toml: cannot be read: not a file",
        f"huge.toml: cannot be read: larger than {FILE_OCTETS_MOST} octets",
        "link.toml: cannot be read: a symbolic link, which is not followed",
        "syntax.toml:1:13: not TOML: Invalid value",
    ]


def test_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "missing"):
        with pytest.raises(ConfigError, match="cannot read the registry"):
            read_registry(str(path), nothing_to_import)


# Files that nobody should have written.

SCALARS = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["tcp", "http", "10.0.0.42", "10.0.0.100:80", "auto", "/x", *KINDS])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
KEYS = [parameter.name for parameter in (*SETTINGS, *SERVICE_KEYS)]
TABLES = st.lists(
    st.fixed_dictionaries({}, optional={"kind": st.sampled_from(KINDS) | VALUES, "path": VALUES, "status": VALUES}),
    max_size=2,
)


def fault_or_service(text: str | bytes) -> str | Service:
    """Return what a file says, or what is said of it."""
    try:
        return parsed(text)
    except ConfigError as error:
        return str(error)


def to_toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_value(key)} = {to_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(to_toml(each) for each in value)}]"
    return toml_value(value)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3),
    VALUES | st.just(["10.0.0.100:80"]),
    TABLES | VALUES,
    st.lists(st.dictionaries(st.sampled_from([*KEYS, "address", "check", "port"]), VALUES, max_size=3), max_size=2)
    | VALUES,
)
def test_any_values_anywhere_are_read_or_told(
    own: dict[str, object], endpoint: object, checks: object, servers: object
) -> None:
    values = {**own, "endpoint": endpoint, "check": checks, "real_server": servers}
    text = "".join(f"{key} = {to_toml(value)}\n" for key, value in values.items())
    said = fault_or_service(text)
    if isinstance(said, str):
        assert said.startswith("web.toml: "), text
    else:
        assert all(server.checks for server in said.real_servers)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_octets_are_read_or_told(data: st.DataObject) -> None:
    octets = bytearray(ALL_KEYS.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(octets)))
        octets[start : start + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=5))
    said = fault_or_service(bytes(octets))
    assert not isinstance(said, str) or said.startswith("web.toml:")


# Size.


@pytest.mark.full
def test_a_large_registry_is_read_in_seconds(tmp_path: Path) -> None:
    for number in range(2300):
        net = f"10.{number // 250}.{number % 250}"
        servers = "".join(f'\n[[real_server]]\naddress = "{net}.{last}"\n' for last in range(1, 17))
        put(tmp_path, f"tcp-{net}.100-80", f'endpoint = ["{net}.100:80"]\n[[check]]\nkind = "tcp"\n{servers}')
    started = time.process_time()
    registry = read_registry(str(tmp_path), nothing_to_import)
    spent = time.process_time() - started
    assert sum(len(service.real_servers) for service in registry.services.values()) == 36_800
    assert spent < 4.0, f"{spent:.1f} s of CPU"  # about 1 s on an idle machine
