# SPDX-License-Identifier: GPL-2.0-or-later
"""slapd, with a small tree and a user that can bind."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from tests.netns.daemons import certificates
from tests.netns.daemons.daemon import Daemon, endpoint, everywhere, new_folder, write
from tests.netns.topology import Host
from tests.tls.authority import Identity

BASE = "dc=example"
USER = f"cn=alice,{BASE}"
PASSWORD = "open sesame"
HIDDEN = f"ou=hidden,{BASE}"

_SLAPD_CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
argsfile {folder}/args
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
{requires}
database mdb
suffix "{base}"
directory {folder}/data
dbnosync
access to dn.exact="{hidden}" by users read by * none
access to attrs=userPassword by * auth
access to * by * read
"""
_TREE = f"""
dn: {BASE}
objectClass: domain
dc: example

dn: {USER}
objectClass: person
cn: alice
sn: Alice
userPassword: {PASSWORD}

dn: {HIDDEN}
objectClass: organizationalUnit
ou: hidden
"""


def slapd(
    host: Host,
    addresses: Sequence[str],
    ldap: int = 389,
    ldaps: int = 636,
    identity: Identity | None = None,
    requires_bind: bool = False,
) -> Daemon:
    """Return slapd with BASE, USER and HIDDEN, which only users see; requires_bind: nothing without a bind."""
    identity = identity or certificates.good()
    folder = new_folder("slapd")
    (folder / "data").mkdir()
    text = _SLAPD_CONF.format(
        folder=folder,
        base=BASE,
        hidden=HIDDEN,
        certificate=identity.certificate_file,
        key=identity.key_file,
        requires="require bind" if requires_bind else "",
    )
    configuration = write(folder / "slapd.conf", text)
    tree = write(folder / "tree.ldif", _TREE)
    filled = ["slapadd", "-q", "-f", str(configuration), "-l", str(tree)]
    subprocess.run(filled, check=True, capture_output=True, timeout=20)
    urls = [f"ldap://{endpoint(a, ldap)}" for a in addresses] + [f"ldaps://{endpoint(a, ldaps)}" for a in addresses]
    argv = ["slapd", "-d", "0", "-f", str(configuration), "-h", " ".join(urls)]
    return Daemon(host, argv, folder).wait_until(everywhere(addresses, [ldap, ldaps]))
