# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds on a byte stream, and the TLS that may be put around it.

A plain kind takes `--tls` and what belongs to it; its TLS twin (https, imaps, ...) is secured from the first octet.
The modules that speak TLS are loaded only where TLS is wanted.
"""

from __future__ import annotations

from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.parameters import Parameter
from lvs_rawcheck.checks.tls_parameters import TLS_PARAMETERS, demand_no_tls_parameters, tls_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.base import Conversation
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.parameters import Values

    MakeConversation = Callable[[], Conversation]

TLS = Parameter("tls", None, "speak TLS from the first octet")
STREAM_PARAMETERS = (TLS, *TLS_PARAMETERS)


def stream_kind(
    name: str,
    summary: str,
    parameters: tuple[Parameter, ...],
    prepare: Callable[[Values], MakeConversation],
) -> Kind:
    """Return a kind that speaks in the clear unless --tls was given."""
    return Kind(
        name, summary, (*parameters, *STREAM_PARAMETERS), lambda values: clear_or_secured(prepare(values), values)
    )


def tls_kind(
    name: str,
    summary: str,
    parameters: tuple[Parameter, ...],
    prepare: Callable[[Values], MakeConversation],
) -> Kind:
    """Return a kind that always speaks TLS."""
    return Kind(name, summary, (*parameters, *TLS_PARAMETERS), lambda values: _secure(prepare(values), values))


def clear_or_secured(make: MakeConversation, values: Values) -> Step:
    """Return what makes conversations in the clear, or secured from the first octet where --tls was given."""
    if values.flag(TLS.name):
        return _secure(make, values)
    demand_no_tls_parameters(values)
    return make


def secured_on_request(make: MakeConversation, values: Values) -> Step:
    """Return what makes conversations that begin in the clear and say themselves when they want TLS."""
    settings = tls_settings(values)
    from lvs_rawcheck.checks.over_tls import over_start_tls  # 15 ms of CPU, and only for those who want it

    return over_start_tls(make, settings)


def _secure(make: MakeConversation, values: Values) -> Step:
    settings = tls_settings(values)
    from lvs_rawcheck.checks.over_tls import over_tls  # 15 ms of CPU, and only for those who want it

    return over_tls(make, settings)
