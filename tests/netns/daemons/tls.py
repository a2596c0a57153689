# SPDX-License-Identifier: GPL-2.0-or-later
"""openssl's own server: any certificate, any version of TLS, one address."""

from __future__ import annotations

from collections.abc import Sequence

from tests.netns.daemons.daemon import Daemon, endpoint, new_folder, says
from tests.netns.topology import Host
from tests.tls.authority import Identity

ONLY_TLS_1_2 = ("-tls1_2",)
ONLY_TLS_1_3 = ("-tls1_3",)
OFFERS_HTTP_1_1 = ("-alpn", "http/1.1")


def openssl_server(
    host: Host, address: str, identity: Identity, port: int = 443, options: Sequence[str] = ()
) -> Daemon:
    """Return `openssl s_server -www`, which answers any HTTP request with a page about the session.

    options: further ones of s_server(1ssl), as above.
    """
    folder = new_folder("s_server")
    files = ["-cert", str(identity.certificate_file), "-key", str(identity.key_file)]
    argv = ["openssl", "s_server", "-accept", endpoint(address, port), *files, "-www", *options]
    return Daemon(host, argv, folder).wait_until(says(address, port))
