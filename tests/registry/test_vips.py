# SPDX-License-Identifier: GPL-2.0-or-later
"""Which addresses the registry names as VIPs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lvs_rawcheck.registry.files import FILE_OCTETS_MOST
from lvs_rawcheck.registry.vips import RegistryVips
from lvs_rawcheck.wire.address import parse_address


def holds(folder: Path, address: str) -> bool:
    return RegistryVips(str(folder)).holds(parse_address(address))


@pytest.mark.parametrize(
    ("endpoint", "address", "held"),
    [
        ("10.0.0.100:80", "10.0.0.100", True),
        ("10.0.0.100:80", "10.0.0.10", False),
        ("110.0.0.100:80", "10.0.0.100", False),
        ("[2001:db8::1]:443", "2001:db8::1", True),
        ("[2001:0DB8:0:0:0:0:0:1]:443", "2001:db8::1", True),
        ("[2001:db8::1:1]:443", "2001:db8::1", False),
    ],
)
def test_an_endpoint_names_its_address(tmp_path: Path, endpoint: str, address: str, held: bool) -> None:
    (tmp_path / "web.toml").write_text(f'endpoint = ["192.0.2.1:80", "{endpoint}"]\n')
    assert holds(tmp_path, address) is held


@pytest.mark.parametrize(
    "text",
    [
        'endpoint = ["192.0.2.1:80"]\n[[real_server]]\naddress = "10.0.0.100"\n',
        '# 10.0.0.100\nendpoint = ["192.0.2.1:80"]\n',
        'source = "10.0.0.100"\n',
    ],
)
def test_an_address_elsewhere_in_a_file_is_no_vip(tmp_path: Path, text: str) -> None:
    (tmp_path / "web.toml").write_text(text)
    assert not holds(tmp_path, "10.0.0.100")


@pytest.mark.parametrize("text", ['endpoint = ["10.0.0.100:80"', "\udcff endpoint = 10.0.0.100"])
def test_a_file_that_cannot_be_parsed_counts_as_naming_what_it_seems_to_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "web.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert holds(tmp_path, "10.0.0.100")
    assert not holds(tmp_path, "10.0.0.101")


@pytest.mark.parametrize(
    "endpoint",
    [
        '"10.0.0.100:80"',
        '"10.0.0.100"',
        '["10.0.0.100"]',
        '[["10.0.0.100:80"]]',
        '[{ vip = "10.0.0.100", port = 80 }]',
        '{ vip = "10.0.0.100" }',
        '["fwmark 1"] # 10.0.0.100.',
        "10 # 10.0.0.100:80",
    ],
)
def test_endpoints_of_another_shape_name_what_the_text_mentions(tmp_path: Path, endpoint: str) -> None:
    (tmp_path / "web.toml").write_text(f"endpoint = {endpoint}\n")
    assert holds(tmp_path, "10.0.0.100")
    assert not holds(tmp_path, "10.0.0.10")
    assert not holds(tmp_path, "0.0.0.100")


@pytest.mark.parametrize("endpoint", ['"[2001:DB8::100]:80"', '["[2001:db8:0::100]"]', '[["[2001:db8::100]:80"]]'])
def test_of_another_shape_in_ipv6(tmp_path: Path, endpoint: str) -> None:
    (tmp_path / "web.toml").write_text(f"endpoint = {endpoint}\n")
    assert holds(tmp_path, "2001:db8::100")
    assert not holds(tmp_path, "2001:db8::10")


def test_a_file_of_boundless_depth(tmp_path: Path) -> None:
    (tmp_path / "web.toml").write_text(f"# 10.0.0.100\nendpoint = {'[' * 100_000}\n")
    assert holds(tmp_path, "10.0.0.100")


# What is wrong with the files is noted.


def notes(folder: Path, address: str) -> list[str]:
    registry = RegistryVips(str(folder))
    for _ in range(2):
        registry.holds(parse_address(address))
    return registry.notes


def test_files_that_cannot_be_read_are_noted_once_each(tmp_path: Path) -> None:
    (tmp_path / "a.toml").mkdir()
    os.mkfifo(tmp_path / "b.toml")
    (tmp_path / "c.toml").symlink_to("nowhere")
    (tmp_path / ".c.toml").symlink_to("an-editor-at-work")
    (tmp_path / "d.toml").write_text('endpoint = ["10.0.0.100:80"]\n')
    assert notes(tmp_path, "10.0.0.100") == [
        f"registry file {tmp_path}/a.toml: not a file",
        f"registry file {tmp_path}/b.toml: not a file",
        f"registry file {tmp_path}/c.toml: a symbolic link, which is not followed",
    ]


def test_a_file_that_cannot_be_parsed_is_noted_where_it_mentions_the_address(tmp_path: Path) -> None:
    (tmp_path / "web.toml").write_text('endpoint = ["10.0.0.100:80"')
    assert notes(tmp_path, "10.0.0.10") == []
    assert notes(tmp_path, "10.0.0.100") == [
        f"registry file {tmp_path}/web.toml: not TOML; 10.0.0.100, which it mentions, taken as a VIP"
    ]


def test_a_folder_that_is_none_is_noted_one_that_is_missing_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert notes(tmp_path / "file", "10.0.0.100") == [f"registry '{tmp_path}/file': Not a directory"]
    assert notes(tmp_path / "missing", "10.0.0.100") == []


def test_other_files_and_folders_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "web.toml.bak").write_text('endpoint = ["10.0.0.100:80"]\n')
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "dangling.toml").symlink_to("nowhere")
    assert not holds(tmp_path, "10.0.0.100")
    (tmp_path / "web.toml").write_text('endpoint = ["10.0.0.100:80"]\n')
    assert holds(tmp_path, "10.0.0.100")


@pytest.mark.parametrize("folder", ["missing", "a\0b", ""])
def test_no_folder_holds_nothing(tmp_path: Path, folder: str) -> None:
    assert not holds(tmp_path / folder if folder else tmp_path, "10.0.0.100")


def test_a_file_larger_than_any_service_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "web.toml").open("wb") as huge:
        huge.truncate(1 << 30)
    assert notes(tmp_path, "10.0.0.100") == [
        f"registry file {tmp_path}/web.toml: larger than {FILE_OCTETS_MOST} octets"
    ]


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "web.toml")
    assert not holds(tmp_path, "10.0.0.100")
