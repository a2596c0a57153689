# SPDX-License-Identifier: GPL-2.0-or-later
"""What settings demand of a certificate beyond a chain that verifies."""

from __future__ import annotations

from lvs_rawcheck.tls.names import is_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.tls.certificate import Certificate
    from lvs_rawcheck.tls.settings import Settings

_NAMES_SHOWN = 3


def objection_to(certificate: Certificate, settings: Settings, wall_now: float) -> str | None:
    """Return what is wrong with a certificate, None when nothing is; wall_now: seconds since 1970 UTC."""
    name = settings.expected_name
    if name is not None and not settings.openssl_checks_name and not is_for(certificate, name):
        return f"the certificate is not for {name}: it is for {_shown_names(certificate)}"
    left = certificate.days_left(wall_now)
    if settings.min_days is not None and left < 0:
        return f"the certificate expired at {certificate.expires}"
    if settings.min_days is not None and left < settings.min_days:
        return f"the certificate expires at {certificate.expires}, in less than {settings.min_days} days"
    return None


def _shown_names(certificate: Certificate) -> str:
    names = certificate.names or certificate.common_names
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ascii(", ".join(names[:_NAMES_SHOWN]))[:200] + more if names else "no name"
