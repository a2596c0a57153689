# SPDX-License-Identifier: GPL-2.0-or-later
"""One director, one real server with nginx: the same opposite for everything that is measured.

nginx answers on PORT with 204, on HTTP_PORT and HTTPS_PORT with a page of BODY_OCTETS. On PORT it accepts who has asked
something (deferred): a connection that is only made does not wake it, since what a real server does then is done by
another machine, and would be measured here.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.netns.roles import director, real_server
from tests.netns.topology import Network, end_process, wait_until

DIRECTOR = "10.0.0.21"
REAL_SERVER = "10.0.0.42"
VIP = "10.0.0.100"
PORT = 80
HTTP_PORT = 8080
HTTPS_PORT = 8443
BODY_OCTETS = 1024
CABLE = "cable0"
LAUNCHER = Path(__file__).resolve().parents[2] / "lvs_rawcheck" / "cli" / "launcher.py"

_NGINX = """\
daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 16384; multi_accept on; }}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
    server {{ listen {PORT} deferred backlog=4096; return 204; }}
    server {{ listen {HTTP_PORT} backlog=4096; listen {HTTPS_PORT} ssl backlog=4096; root {folder}/pages; }}
}}
"""
_SELF_SIGNED = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bench")


class Site:
    """Director and real server as namespaces; the server runs on one core, what is measured on the other."""

    def __enter__(self) -> Site:
        self._network = Network().__enter__()
        self._folder = tempfile.TemporaryDirectory()
        self.director = director(self._network, "director", [])
        self._real = real_server(self._network, "real", [], [VIP])
        self._join()
        self._cores = os.sched_getaffinity(0)
        self._nginx = self._start_nginx()
        os.sched_setaffinity(0, {max(self._cores)})
        return self

    def __exit__(self, *_: object) -> None:
        os.sched_setaffinity(0, self._cores)
        end_process(self._nginx)
        self._folder.cleanup()
        self._network.__exit__(None, None, None)

    def _join(self) -> None:
        """Lay one cable between the two: a switch would be measured too, and cost more than the check."""
        end = ["type", "veth", "peer", "name", CABLE, "netns", self._real.namespace]
        self.director.ip("link", "add", CABLE, *end)
        for host, address in ((self.director, f"{DIRECTOR}/24"), (self._real, f"{REAL_SERVER}/24")):
            host.ip("link", "set", CABLE, "up")
            host.add_address(address, CABLE)
        self.director.add_address(f"{VIP}/32", CABLE)
        wait_until(lambda: self.director.is_running(CABLE), "the cable carries")

    def add_real_servers(self, addresses: Iterable[str]) -> None:
        """Let the real server's machine be more of them."""
        for address in addresses:
            self._real.add_address(f"{address}/24", CABLE)

    def add_vips(self, vips: Iterable[str]) -> None:
        """Let the real server hold further VIPs."""
        for vip in vips:
            self._real.add_address(f"{vip}/32", "lo")

    def _start_nginx(self) -> subprocess.Popen[str]:
        folder = Path(self._folder.name)
        folder.chmod(0o755)  # nginx reads the page as nobody
        (folder / "pages").mkdir()
        (folder / "pages" / "index.html").write_bytes(bytes(range(64, 96)) * (BODY_OCTETS // 32))
        pem = folder / "server.pem"
        subprocess.run([*_SELF_SIGNED, "-keyout", pem, "-out", pem], check=True, capture_output=True)
        configuration = folder / "nginx.conf"
        ports = {"PORT": PORT, "HTTP_PORT": HTTP_PORT, "HTTPS_PORT": HTTPS_PORT}
        configuration.write_text(_NGINX.format(folder=folder, **ports))
        core = str(min(self._cores))
        nginx = self._real.popen(["taskset", "-c", core, "/usr/sbin/nginx", "-c", str(configuration)])
        wait_until(lambda: "LISTEN" in self._real.run(["ss", "-Hltn", "sport", "=", str(PORT)]).stdout, "nginx listens")
        return nginx
