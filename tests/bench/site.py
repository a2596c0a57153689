# SPDX-License-Identifier: GPL-2.0-or-later
"""One director, one real server with nginx: the same opposite for everything that is measured."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from tests.netns.roles import director, real_server
from tests.netns.topology import Network, end_process, wait_until

DIRECTOR = "10.0.0.21"
REAL_SERVER = "10.0.0.42"
VIP = "10.0.0.100"
PORT = 80
CABLE = "cable0"
LAUNCHER = Path(__file__).resolve().parents[2] / "lvs_rawcheck" / "cli" / "launcher.py"

_NGINX = """\
daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 16384; multi_accept on; }}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{ listen 80 backlog=4096; return 204; }}
}}
"""


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

    def _start_nginx(self) -> subprocess.Popen[str]:
        configuration = Path(self._folder.name) / "nginx.conf"
        configuration.write_text(_NGINX.format(folder=self._folder.name))
        core = str(min(self._cores))
        nginx = self._real.popen(["taskset", "-c", core, "/usr/sbin/nginx", "-c", str(configuration)])
        wait_until(lambda: "LISTEN" in self._real.run(["ss", "-Hltn", "sport", "=", str(PORT)]).stdout, "nginx listens")
        return nginx
