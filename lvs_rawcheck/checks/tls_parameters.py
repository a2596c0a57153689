# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check over TLS can be told; loads nothing that speaks TLS until settings are made of it."""

from __future__ import annotations

from lvs_rawcheck.checks.parameters import DECIMAL, Parameter, Values, one_of, whole_number
from lvs_rawcheck.errors import LinkError, UsageError
from lvs_rawcheck.tls.names import is_ip_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.tls.settings import Settings

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_IN_LABELS = frozenset(_LETTERS + _LETTERS.upper() + DECIMAL + "-_")
_NAME_CHARACTERS = 253  # RFC 1035 2.3.4, as text without the last dot
_LABEL_CHARACTERS = 63
_PROTOCOL_OCTETS = 255  # RFC 7301 3.1
_PROTOCOLS_OCTETS = 1024  # with a length octet each; a ClientHello should fit into a segment or two
_MOST_DAYS = 36500


def host_name(text: str) -> str:
    """Return a host name as DNS and certificates write it; UsageError."""
    labels = text.split(".")
    plain = all(0 < len(label) <= _LABEL_CHARACTERS and _IN_LABELS.issuperset(label) for label in labels)
    if not plain or len(text) > _NAME_CHARACTERS or is_ip_address(text):
        raise UsageError(f"not a host name (in ASCII, without a last dot): {text!r}")
    return text


def host_name_or_address(text: str) -> str:
    """Return what a certificate can be for; UsageError."""
    return text if is_ip_address(text) else host_name(text)


def _protocol(text: str) -> str:
    if not text or not text.isascii() or len(text) > _PROTOCOL_OCTETS:
        raise UsageError(f"not the name of a protocol, 1 to {_PROTOCOL_OCTETS} ASCII characters: {text!r}")
    return text


TLS_PARAMETERS: tuple[Parameter, ...] = (
    Parameter("sni", "NAME", "the host name to ask for (default: none, as keepalived)", host_name),
    Parameter(
        "tls_verify",
        None,
        "the certificate's chain must lead to a CA of this system; its name is --tls-name's, else --sni's, to judge",
    ),
    Parameter("tls_ca_file", "FILE", "the same, to a CA of this PEM file; an intermediate or the certificate will do"),
    Parameter(
        "tls_name", "NAME", "the host or address the certificate must be for, verified or not", host_name_or_address
    ),
    Parameter("tls_min_days", "DAYS", "how long it must still be valid, verified or not", whole_number(0, _MOST_DAYS)),
    Parameter("tls_min_version", "VERSION", "1.2 or 1.3 (default: any of OpenSSL's)", one_of("1.2", "1.3")),
    Parameter("tls_alpn", "PROTOCOL", "a protocol to offer by ALPN, the best first", _protocol, many=True),
    Parameter("tls_require_alpn", "PROTOCOL", "the protocol that the server must choose by ALPN", _protocol),
)


def tls_settings(values: Values) -> Settings:
    """Return the settings of a session, the values judged; UsageError. LinkError: a library is not installed."""
    from lvs_rawcheck.tls.settings import Settings  # 15 ms of CPU

    ca_file = values.text("tls_ca_file")
    verify = values.flag("tls_verify") or ca_file is not None
    server_name = values.text("sni")
    alpn, required_alpn = _protocols(values)
    settings = Settings(
        server_name=server_name,
        verify=verify,
        ca_file=ca_file,
        expected_name=values.text("tls_name") or (server_name if verify else None),
        min_days=values.number("tls_min_days"),
        min_version=values.text("tls_min_version"),
        alpn=alpn,
        required_alpn=required_alpn,
    )
    if settings.reads_certificate:
        _demand_library()
    return settings


def demand_no_tls_parameters(values: Values) -> None:
    """Raise UsageError where something was said of a TLS that is not wanted."""
    for parameter in TLS_PARAMETERS:
        if values.value(parameter.name) not in (None, False, []):
            option = parameter.name.replace("_", "-")
            raise UsageError(f"{option} is about TLS, and this check speaks in the clear: say tls as well")


def _protocols(values: Values) -> tuple[tuple[str, ...], str | None]:
    offered, required = tuple(values.texts("tls_alpn")), values.text("tls_require_alpn")
    if sum(len(protocol) + 1 for protocol in offered) > _PROTOCOLS_OCTETS:
        raise UsageError(f"tls-alpn: the protocols have more than {_PROTOCOLS_OCTETS} octets together")
    if required is None:
        return offered, None
    if offered and required not in offered:
        raise UsageError(f"tls-require-alpn {required} is not among the protocols that tls-alpn offers")
    return offered or (required,), required


def _demand_library() -> None:
    """Load what reads certificates now, before there is a connection that waits for it."""
    try:
        __import__("lvs_rawcheck.tls.certificate")
    except ImportError as error:
        raise LinkError(f"the certificate's name and days need a library that is not installed: {error}") from error
