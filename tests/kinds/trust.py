# SPDX-License-Identifier: GPL-2.0-or-later
"""What checks are told of certificates, with servers that show the good one."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason
from tests.kinds.matrix import Wrong
from tests.netns.daemons import certificates

VERIFIED = ("--tls-ca-file", str(certificates.authority().ca_file), "--tls-name", certificates.NAME)
OTHER_NAME = Wrong("the certificate is for another name", Reason.TLS, ("--tls-name", "mail.example"), "mail.example")
