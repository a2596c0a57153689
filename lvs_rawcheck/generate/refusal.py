# SPDX-License-Identifier: GPL-2.0-or-later
"""Why something of a configuration is left as it is."""

from __future__ import annotations

from lvs_rawcheck.errors import RawCheckError


class Refused(RawCheckError):
    """It cannot be converted with certainty: the sentence says why."""


class Kept(RawCheckError):
    """It is left on purpose: the sentence says why."""
