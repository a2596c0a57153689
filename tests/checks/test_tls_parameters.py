# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check over TLS can be told, what contradicts itself, and what it costs not to be told."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lvs_rawcheck.checks.parameters import Parameter, Values, defaults
from lvs_rawcheck.checks.tls_parameters import TLS_PARAMETERS, demand_no_tls_parameters, tls_settings
from lvs_rawcheck.errors import UsageError
from tests.netns.daemons import certificates

CONVERT = {parameter.name: parameter.convert for parameter in TLS_PARAMETERS}
CA_FILE = str(certificates.authority().ca_file)


def values(**given: object) -> Values:
    return Values({**defaults(TLS_PARAMETERS), **given})


def test_told_nothing_it_is_as_keepalived() -> None:
    settings = tls_settings(values())
    assert (settings.server_name, settings.verify, settings.expected_name, settings.alpn) == (None, False, None, ())
    assert not settings.reads_certificate


@pytest.mark.parametrize(
    ("given", "verify", "expected_name"),
    [
        ({"sni": "a.example"}, False, None),
        ({"sni": "a.example", "tls_verify": True}, True, "a.example"),
        ({"sni": "a.example", "tls_ca_file": CA_FILE}, True, "a.example"),
        ({"sni": "a.example", "tls_ca_file": CA_FILE, "tls_name": "b.example"}, True, "b.example"),
        ({"tls_verify": True, "tls_ca_file": CA_FILE}, True, None),
        ({"tls_name": "b.example"}, False, "b.example"),
    ],
)
def test_what_is_verified(given: dict[str, object], verify: bool, expected_name: str | None) -> None:
    settings = tls_settings(values(**given))
    assert (settings.verify, settings.expected_name) == (verify, expected_name)


@pytest.mark.parametrize(
    ("given", "alpn", "required"),
    [
        ({"tls_alpn": ["h2", "http/1.1"]}, ("h2", "http/1.1"), None),
        ({"tls_require_alpn": "h2"}, ("h2",), "h2"),
        ({"tls_alpn": ["http/1.1", "h2"], "tls_require_alpn": "h2"}, ("http/1.1", "h2"), "h2"),
    ],
)
def test_alpn(given: dict[str, object], alpn: tuple[str, ...], required: str | None) -> None:
    settings = tls_settings(values(**given))
    assert (settings.alpn, settings.required_alpn) == (alpn, required)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"tls_alpn": ["http/1.1"], "tls_require_alpn": "h2"}, "h2 is not among the protocols"),
        ({"tls_alpn": ["x" * 255] * 5}, "more than 1024 octets together"),
        ({"tls_ca_file": "/nonexistent"}, "cannot read the CA file '/nonexistent': No such file"),
    ],
)
def test_contradictions(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        tls_settings(values(**given))


@pytest.mark.parametrize(
    ("name", "text"),
    [("sni", text) for text in ("www.example.com", "a", "xn--bcher-kva.example", "_sip.example", "a" * 63 + ".b")]
    + [("tls_name", text) for text in ("www.example.com", "192.0.2.1", "2001:db8::1")]
    + [("tls_min_days", "0"), ("tls_min_days", "365"), ("tls_min_version", "1.3"), ("tls_alpn", "h2")],
)
def test_what_is_taken(name: str, text: str) -> None:
    assert CONVERT[name](text) in (text, int(text) if text.isdecimal() else text)


@pytest.mark.parametrize(
    ("name", "text"),
    [("sni", text) for text in ("", ".", "a.", ".a", "a..b", "bücher.example", "a b", "*.example", "192.0.2.1", "::1")]
    + [("sni", "a" * 64 + ".b"), ("sni", ".".join(["a"] * 200)), ("sni", "a\0"), ("sni", "a\udcff")]
    + [("tls_name", text) for text in ("", "*.example", "[::1]", "192.0.2.1:443")]
    + [("tls_min_days", text) for text in ("", "-1", "1.5", "99999999")]
    + [("tls_min_version", text) for text in ("", "1.1", "TLSv1.2")]
    + [("tls_alpn", text) for text in ("", "ä", "x" * 256)],
)
def test_what_is_not(name: str, text: str) -> None:
    with pytest.raises(UsageError):
        CONVERT[name](text)


@pytest.mark.parametrize("parameter", TLS_PARAMETERS, ids=[parameter.name for parameter in TLS_PARAMETERS])
def test_nothing_of_tls_is_said_of_a_stream_in_the_clear(parameter: Parameter) -> None:
    demand_no_tls_parameters(values())
    name = parameter.name
    with pytest.raises(UsageError, match=f"{name.replace('_', '-')} is about TLS"):
        demand_no_tls_parameters(values(**{name: ["h2"] if name == "tls_alpn" else 1}))


@pytest.mark.parametrize("module", ["tls_parameters", "stream_kinds", "stream"])
def test_who_wants_no_tls_does_not_load_it(module: str) -> None:
    code = f"import sys, lvs_rawcheck.checks.{module}; print('ssl' in sys.modules, 'cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False False\n"


def test_tls_loads_what_reads_certificates_only_to_read_one() -> None:
    code = """
import sys
from tests.checks.test_stream import KIND, values
sys.modules.pop("cryptography", None)
names = [name for name in sys.modules if name.startswith("lvs_rawcheck.tls.certificate")]
assert not names, names
KIND.prepare(values(step=['expect "a"'], tls=True))
assert "lvs_rawcheck.tls.settings" in sys.modules
assert "lvs_rawcheck.tls.certificate" not in sys.modules
KIND.prepare(values(step=['expect "a"'], tls=True, tls_min_days=3))
assert "lvs_rawcheck.tls.certificate" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
