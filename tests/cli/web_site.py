# SPDX-License-Identifier: GPL-2.0-or-later
"""The small site, with a web server of good and bad habits on its real server."""

from __future__ import annotations

from tests.checks.http.web import start_responder
from tests.cli.commands import Desk, Outcome
from tests.cli.site import REAL_IP, REAL_IP6, VIP, VIP6, Site
from tests.netns.topology import Host

WEB_PORT = "8080"


class WebSite:
    """Commands against the responder of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        start_responder(site.server, int(WEB_PORT), [VIP, VIP6, REAL_IP, REAL_IP6])

    def get(self, desk: Desk, *words: str, path: str = "/", md5: str = "", host: Host | None = None) -> Outcome:
        """Run check_http_get_raw; words: options."""
        positionals = ("eth0", REAL_IP, VIP, WEB_PORT, "www.example.com", path, md5)
        return desk.run(host or self.site.director, "check_http_get_raw", *desk.own_folders(), *words, *positionals)

    def check(self, desk: Desk, *words: str, path: str = "/", host: Host | None = None) -> Outcome:
        """Run check_http_raw; words: options."""
        positionals = ("eth0", REAL_IP, VIP, WEB_PORT, "www.example.com", path)
        return desk.run(host or self.site.director, "check_http_raw", *desk.own_folders(), *words, *positionals)
