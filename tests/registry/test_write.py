# SPDX-License-Identifier: GPL-2.0-or-later
"""Service files from templates: what is written is read again, and an edited file is told from one of ours."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.errors import ConfigError, UsageError
from lvs_rawcheck.registry.templates import Templates, toml_value
from lvs_rawcheck.registry.write import (
    EDITED,
    FOREIGN,
    UNTOUCHED,
    ServerText,
    ServiceText,
    condition,
    make_folder,
    render_service,
    seal,
    write_service,
)
from tests.registry.folder import WEB, nothing_to_import, parsed

WEBSITE = ServiceText(
    {"endpoint": ["10.0.0.100:80"], "timeout": 1.0, "mode": None, "clean_close": True},
    [{"kind": "http", "path": '/he"al\\th', "status": [200, "301-303"]}],
    [
        ServerText({"address": "10.0.0.42"}),
        ServerText({"address": "10.0.0.43", "port": 8080}, [{"kind": "tcp"}], [{"kind": "tcp", "connect_port": 81}]),
    ],
    comment=["from /etc/keepalived/keepalived.conf:7\n[[check]]"],
)


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    return Templates(str(tmp_path / "no overrides"))


def test_what_is_written_is_read_again(templates: Templates) -> None:
    octets = render_service(templates, "web", WEBSITE, nothing_to_import).octets
    service = parsed(octets)
    assert (service.settings.timeout, service.settings.mode, service.settings.clean_close) == (1.0, "enforce", True)
    first, second = service.real_servers
    assert first.checks[0].values.octets("path") == b'/he"al\\th'
    assert first.checks[0].values.all("status") == [(200, 200), (301, 303)]
    assert (second.port, second.checks[0].kind.name) == (8080, "tcp")
    assert second.standby_checks[0].way.number("connect_port") == 81


def test_the_text_is_what_a_person_would_write(templates: Templates) -> None:
    text = render_service(templates, "web", WEBSITE, nothing_to_import).octets.decode()
    assert text.split("\n", 1)[1] == (
        "# from /etc/keepalived/keepalived.conf:7 [[check]]\n"
        'endpoint = ["10.0.0.100:80"]\n'
        "timeout = 1.0\n"
        "clean_close = true\n"
        "\n"
        "[[check]]\n"
        'kind = "http"\n'
        'path = "/he\\"al\\\\th"\n'
        'status = [200, "301-303"]\n'
        "\n"
        "[[real_server]]\n"
        'address = "10.0.0.42"\n'
        "\n"
        "[[real_server]]\n"
        'address = "10.0.0.43"\n'
        "port = 8080\n"
        "\n"
        "[[real_server.check]]\n"
        'kind = "tcp"\n'
        "\n"
        "[[real_server.standby_check]]\n"
        'kind = "tcp"\n'
        "connect_port = 81\n"
    )


def test_what_our_reader_would_refuse_is_not_written(templates: Templates) -> None:
    checks: list[tuple[dict[str, object], str]] = [
        ({"kind": "tcp", "path": "/"}, "path: unknown key"),
        ({"kind": "http", "host": "a", "no_host": True}, "contradict"),
    ]
    for check, told in checks:
        service = ServiceText({"endpoint": ["10.0.0.100:80"]}, [check], [ServerText({"address": "10.0.0.42"})])
        with pytest.raises(ConfigError, match=told):
            render_service(templates, "web", service, nothing_to_import)


def test_an_administrators_template_goes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "service.toml").write_text("# our own\n= {{ settings.endpoint | toml }}")
    with pytest.raises(ConfigError, match=r"web\.toml:3:1: not TOML"):
        render_service(Templates(str(tmp_path)), "web", WEBSITE, nothing_to_import)
    (tmp_path / "service.toml").write_text(WEB)
    assert WEB.encode() in render_service(Templates(str(tmp_path)), "web", WEBSITE, nothing_to_import).octets


@pytest.mark.parametrize(
    ("text", "told"),
    [("{{ no_such_name }}", "'no_such_name' is undefined"), ("a\n{% if %}", r"service.toml:2:1: template: ")],
)
def test_a_templates_slips_are_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "service.toml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        render_service(Templates(str(tmp_path)), "web", WEBSITE, nothing_to_import)


def test_an_unknown_template(templates: Templates) -> None:
    with pytest.raises(ConfigError, match="there is no such template"):
        templates.render("no-such")


@given(
    st.text(st.characters(blacklist_categories=("Cs",))) | st.integers() | st.booleans() | st.floats(allow_nan=False)
)
def test_any_value_comes_back(value: object) -> None:
    import tomllib

    assert tomllib.loads(f"key = {toml_value([value])}") == {"key": [value]}


@pytest.mark.parametrize("value", ["\ud800", None, {}, object()])
def test_no_values(value: object) -> None:
    with pytest.raises(UsageError):
        toml_value(value)


# Whose file it is.


@given(st.binary(max_size=40))
def test_a_sealed_file_is_ours_until_somebody_edits_it(octets: bytes) -> None:
    sealed = seal(octets)
    assert condition(sealed) == UNTOUCHED
    assert condition(sealed + b" ") == EDITED
    assert condition(octets) == FOREIGN
    assert condition(sealed.replace(b": ", b":", 1)) == FOREIGN


def test_writing(tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "services.d"
    make_folder(str(folder))
    make_folder(str(folder))
    octets = seal(WEB.encode())
    write_service(str(folder), "web", octets, os.getegid())
    write_service(str(folder), "web", octets, None)
    path = folder / "web.toml"
    assert path.read_bytes() == octets
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in folder.iterdir()] == ["web.toml"], "nothing half-written is left"


@pytest.mark.parametrize("name", ["", "../web", "a/b", "a..b"])
def test_a_name_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="not a service's name"):
        write_service(str(tmp_path), name, b"", None)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "web.toml").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_service(str(tmp_path), "web", b"", None)
    assert [path.name for path in tmp_path.iterdir()] == ["web.toml"]
