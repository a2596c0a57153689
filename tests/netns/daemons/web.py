# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers of HTTP: nginx and haproxy with pages, tinyproxy as a proxy."""

from __future__ import annotations

from collections.abc import Sequence

from tests.netns.daemons import certificates
from tests.netns.daemons.daemon import Daemon, endpoint, everywhere, lines, new_folder, write
from tests.netns.topology import Host
from tests.tls.authority import Identity

HEALTHY_PAGE = "the service is healthy\n"
BIG_PAGE_OCTETS = 300_000
_REQUEST = b"GET / HTTP/1.0\r\n\r\n"
_HTTP = b"HTTP/1.. "

_NGINX = """
daemon off;
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/pid;
events {{ worker_connections 512; }}
http {{
    access_log off;
    default_type text/plain;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
{listen}
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        server_name web.example;
        root {folder}/pages;
        add_header X-Health up;
        location = /down {{ return 503 "out of order\\n"; }}
        location = /moved {{ return 301 http://web.example/; }}
        location = /empty {{ return 204; }}
        location = /private {{ return 403 "not for you\\n"; }}
    }}
    server {{
{listen}
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        server_name other.example;
        location / {{ return 200 "another site\\n"; }}
    }}
}}
"""


def nginx(
    host: Host, addresses: Sequence[str], http: int = 80, https: int = 443, identity: Identity | None = None
) -> Daemon:
    """Return nginx, serving `/`, `/big`, `/down`, `/moved`, `/empty`, `/private`, and other.example."""
    identity = identity or certificates.good()
    folder = new_folder("nginx", "www-data")
    write(folder / "pages" / "index.html", HEALTHY_PAGE)
    write(folder / "pages" / "big", "0123456789abcde\n" * (BIG_PAGE_OCTETS // 16))
    listen = lines("listen {};", [endpoint(address, http) for address in addresses])
    listen += "\n" + lines("listen {} ssl;", [endpoint(address, https) for address in addresses])
    text = _NGINX.format(folder=folder, listen=listen, certificate=identity.certificate_file, key=identity.key_file)
    configuration = write(folder / "nginx.conf", text)
    daemon = Daemon(host, ["nginx", "-e", f"{folder}/error.log", "-c", str(configuration)], folder)
    return daemon.wait_until(everywhere(addresses, [http], _HTTP, _REQUEST))


_HAPROXY = """
global
    maxconn 512
defaults
    mode http
    timeout client 30s
    timeout connect 5s
    timeout server 30s
frontend pages
{binds}
    http-request return status 503 content-type text/plain string "out of order" if {{ path /down }}
    http-request return status 200 content-type text/plain string "the service is healthy"
"""


def haproxy(
    host: Host, addresses: Sequence[str], http: int = 80, https: int = 443, identity: Identity | None = None
) -> Daemon:
    """Return haproxy, itself answering `/` and `/down`; over TLS it offers HTTP/2 and HTTP/1.1."""
    identity = identity or certificates.good()
    folder = new_folder("haproxy")
    secure = f"ssl crt {certificates.in_one_file(identity)} alpn h2,http/1.1"
    binds = lines("    bind {}", [_haproxy_endpoint(address, http) for address in addresses])
    binds += "\n" + lines(f"    bind {{}} {secure}", [_haproxy_endpoint(address, https) for address in addresses])
    configuration = write(folder / "haproxy.cfg", _HAPROXY.format(binds=binds))
    daemon = Daemon(host, ["haproxy", "-db", "-f", str(configuration)], folder)
    return daemon.wait_until(everywhere(addresses, [http], _HTTP, _REQUEST))


def _haproxy_endpoint(address: str, port: int) -> str:
    return f"{address}:{port}"  # haproxy takes what follows the last colon for the port


_TINYPROXY = """
Port {port}
{listen}
Timeout 30
MaxClients 50
ViaProxyName "proxy.example"
Allow 0.0.0.0/0
Allow ::/0
{filter}
"""


def tinyproxy(host: Host, addresses: Sequence[str], port: int = 3128, refused: str | None = None) -> Daemon:
    """Return a proxy; refused: a regular expression of host names that it does not fetch from."""
    folder = new_folder("tinyproxy")
    names = write(folder / "filter", f"{refused or ''}\n")
    filter_lines = f'Filter "{names}"' if refused else ""
    listen = lines("Listen {}", addresses)
    text = _TINYPROXY.format(port=port, listen=listen, filter=filter_lines)
    configuration = write(folder / "tinyproxy.conf", text)
    daemon = Daemon(host, ["tinyproxy", "-d", "-c", str(configuration)], folder)
    return daemon.wait_until(everywhere(addresses, [port], _HTTP, _REQUEST))
