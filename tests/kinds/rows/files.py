# SPDX-License-Identifier: GPL-2.0-or-later
"""ftp, ldap, ldaps: vsftpd and slapd."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason
from tests.kinds.matrix import Row, Wrong
from tests.kinds.secrets import secret
from tests.kinds.trust import VERIFIED
from tests.netns.daemons import directories, files

FTP, LDAP, LDAPS = 21, 389, 636

_FTP_USER = ("--login", files.USER, "--password-file")
_BIND = ("--login", directories.USER, "--password-file")
_HIDDEN = ("--request", directories.HIDDEN)
_BOUND = (*_BIND, secret(directories.PASSWORD), *_HIDDEN)
_WRONG_IN_A_DIRECTORY = (
    Wrong("the password is wrong", Reason.RESPONSE, (*_BIND, secret("sesame"), *_HIDDEN), "invalidCredentials"),
    Wrong("the anonymous may not see it", Reason.RESPONSE, _HIDDEN, "noSuchObject"),
    Wrong("there is no such entry", Reason.RESPONSE, ("--request", "ou=none,dc=example"), "noSuchObject"),
    Wrong("the entry has another name", Reason.REGEX, (*_BOUND, "--receive", "visible"), "visible"),
)

ROWS = (
    Row(
        "ftp",
        files.vsftpd,
        FTP,
        (*_FTP_USER, secret(files.PASSWORD)),
        wrong=(Wrong("the password is wrong", Reason.RESPONSE, (*_FTP_USER, secret("sesame")), "530"),),
        also=((),),
    ),
    Row(
        "ldap",
        directories.slapd,
        LDAP,
        (*_BOUND, "--receive", "^ou=hidden,"),
        (*_WRONG_IN_A_DIRECTORY, Wrong("it waits for TLS", Reason.CLOSED, port=LDAPS)),
        also=((),),
    ),
    Row(
        "ldaps",
        directories.slapd,
        LDAPS,
        (*_BOUND, *VERIFIED),
        (*_WRONG_IN_A_DIRECTORY, Wrong("no TLS there", Reason.CLOSED, (*_BOUND,), "TLS handshake", port=LDAP)),
    ),
)
