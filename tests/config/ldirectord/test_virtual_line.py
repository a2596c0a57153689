# SPDX-License-Identifier: GPL-2.0-or-later
"""What a virtual server is taken for, and what is noticed of several."""

from __future__ import annotations

import pytest

from lvs_rawcheck.config.ldirectord import kinds
from tests.config.ldirectord.texts import all_kinds, block, error_kinds, read, virtual


@pytest.mark.parametrize(
    ("opening", "label"),
    [
        ("virtual=192.0.2.1:80", "tcp:192.0.2.1:80"),
        ("virtual=192.0.2.1:www", "tcp:192.0.2.1:80"),
        ("virtual=192.0.2.1:53", "udp:192.0.2.1:53"),
        ("virtual=192.0.2.1:domain", "udp:192.0.2.1:53"),
        ("virtual=192.0.2.1:0", "tcp:192.0.2.1:0"),
        ("virtual=7", "fwm:7"),
        ("virtual=7 # web", "fwm:7"),
        ("virtual6=9", "fwm6:9"),
        ("virtual6=[2001:DB8:0:0::1]:443", "tcp:[2001:db8::1]:443"),
    ],
)
def test_sound(opening: str, label: str) -> None:
    assert virtual(opening=opening).label == label
    assert error_kinds(block(opening=opening)) == []


@pytest.mark.parametrize(
    ("opening", "label", "kind"),
    [
        ("virtual=10.0.0.1", "fwm:10", kinds.MARK),
        ("virtual=0x10", "fwm:0", kinds.MARK),
        ("virtual=0", "fwm:0", kinds.MARK),
        ("virtual=4294967296", "fwm:4294967296", kinds.MARK),
        ("virtual6=2001::1", "fwm6:2001", kinds.MARK),
        ("virtual=80/tcp", "fwm:80", kinds.MARK),
        ("virtual=010.0.0.1:80", "tcp:8.0.0.1:80", kinds.ADDRESS_FORM),
        ("virtual=192.168.6:80", "tcp:192.168.0.6:80", kinds.ADDRESS_FORM),
        ("virtual=80:80", "tcp:0.0.0.80:80", kinds.ADDRESS_FORM),
        ("virtual=192.0.2.1:80,443", "tcp:192.0.2.1:80", kinds.DROPPED),
        ("virtual6=[::ffff:c000:201]:80", "tcp:[::ffff:192.0.2.1]:80", kinds.ADDRESS_FORM),
    ],
)
def test_misread(opening: str, label: str, kind: str) -> None:
    found = read(block(opening=opening))
    assert found.site.virtuals[0].label == label
    assert [(each.kind, each.span.line) for each in found.errors] == [(kind, 1)]
    assert [each.kind for each in found.site.virtuals[0].obstacles] == [kind]


@pytest.mark.parametrize(
    ("opening", "kind"),
    [
        ("virtual=[2001:db8::1]:80", kinds.FAMILY),
        ("virtual6=[2001:db8::zz]:80", kinds.ADDRESS),
        ("virtual6=[2001:db8::1::2]:80", kinds.ADDRESS),
        ("virtual6=[2001:db8::1]", kinds.ADDRESS),
        ("virtual6=2001:db8::1", kinds.ADDRESS),
        ("virtual6=192.0.2.1:80", kinds.ADDRESS),
        ("virtual=300.0.2.1:80", kinds.ADDRESS),
        ("virtual=1.2.3.4.5:80", kinds.ADDRESS),
        ("virtual=", kinds.ADDRESS),
        ("virtual=:80", kinds.ADDRESS),
        ("virtual=192.0.2.1:65536", kinds.PORT),
        ("virtual=192.0.2.1:80-90", kinds.PORT),
        ("virtual=192.0.2.1:tftp", kinds.PORT),
        ("virtual=192.0.2.1:nosuchservice", kinds.PORT),
    ],
)
def test_refused(opening: str, kind: str) -> None:
    found = read(block(opening=opening))
    assert kind in [each.kind for each in found.errors]
    assert {each.span.line for each in found.errors} == {1}
    assert len(found.site.virtuals) == 1
    assert found.site.virtuals[0].obstacles


def test_an_address_without_its_brackets_is_called_so() -> None:
    assert "brackets" in str(read(block(opening="virtual6=2001:db8::1")).errors[0])
    assert error_kinds(block(opening="virtual=2001:80::1")) == [kinds.DROPPED, kinds.ADDRESS_FORM]


def test_text_behind_is_ignored() -> None:
    assert all_kinds(block(opening="virtual=192.0.2.1:80 junk")) == [kinds.IGNORED_TEXT]
    assert all_kinds(block(opening="virtual=192.0.2.1:80 # web")) == []


@pytest.mark.parametrize("host", ["www.example.com", "my_host", "localhost", "0xyz"])
def test_names_are_not_resolved(host: str) -> None:
    found = read(block(opening=f"virtual={host}:80"))
    assert [each.kind for each in found.findings] == [kinds.NAME]
    assert found.site.virtuals[0].address is None
    assert found.site.virtuals[0].label == f"tcp:{host}:80"


def test_the_port_needs_its_final_protocol() -> None:
    assert error_kinds(block("protocol=udp", opening="virtual=192.0.2.1:tftp")) == []
    assert error_kinds(block("protocol=fwm")) == [kinds.VALUE]
    assert error_kinds(block("protocol=tcp", opening="virtual=7")) == [kinds.VALUE]
    assert error_kinds(block("protocol=fwm", opening="virtual=7")) == []


@pytest.mark.parametrize(
    ("opening", "service"),
    [
        ("virtual=192.0.2.1:443", "https"),
        ("virtual=192.0.2.1:https", "https"),
        ("virtual=192.0.2.1:080", "none"),
        ("virtual=192.0.2.1:8443", "none"),
        ("virtual=7", "none"),
    ],
)
def test_service_by_the_text_of_the_port(opening: str, service: str) -> None:
    assert virtual(opening=opening).service == service
    never = [kinds.NEVER_CHECKED] if service == "none" else []
    assert all_kinds(block(opening=opening)) == never
    assert all_kinds(block("service=none", opening=opening)) == []
    assert all_kinds(block("checktype=connect", opening=opening)) == []


def test_duplicates() -> None:
    one = block("real=192.0.2.9:80 gate")
    found = read(one + one)
    assert [(each.kind, each.span.line) for each in found.errors] == [(kinds.DUPLICATE, 4)]
    assert found.site.virtuals[0].obstacles == []
    assert [each.kind for each in found.site.virtuals[1].obstacles] == [kinds.DUPLICATE]
    assert error_kinds(one + block("protocol=udp")) == []
    assert error_kinds(block(opening="virtual=7") + block(opening="virtual6=7")) == []
    assert error_kinds(block(opening="virtual=192.0.2.1:80") + block(opening="virtual=192.0.2.1:080")) == []
    assert error_kinds(block(opening="virtual=192.0.2.1:80") + block(opening="virtual=192.0.2.1:www")) == [
        kinds.DUPLICATE
    ]
