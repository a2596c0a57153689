# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check over TLS can be told; loads nothing that speaks TLS."""

from __future__ import annotations

from lvs_rawcheck.checks.parameters import Parameter, Values

TLS_PARAMETERS: tuple[Parameter, ...] = ()


def tls_settings(values: Values) -> object:
    """Return the settings of a session, the values judged; UsageError."""
    return None


def demand_no_tls_parameters(values: Values) -> None:
    """Raise UsageError where something was said of a TLS that is not wanted."""
