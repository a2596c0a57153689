# SPDX-License-Identifier: GPL-2.0-or-later
"""The servers of the tests, asked by clients of their own: so that a check's verdict on them means something.

`pytest -s` prints how long each took to start.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checks.site import V4, V6, of_both, on_link
from tests.netns.daemons import certificates, databases, directories, files, mail, names, radius, stores, tls, web
from tests.netns.daemons.daemon import Daemon, endpoint
from tests.netns.roles import real_server
from tests.netns.topology import Host, Network, wait_until
from tests.tls.authority import Identity

pytestmark = pytest.mark.netns

STARTED_WITHIN = 10.0  # seconds, on a machine that is busy; alone each needs a fraction of a second
VIPS = of_both("vip")


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Network() as network:
        yield real_server(network, "real", on_link("real"), VIPS)


def tls_client(address: str, port: int, *options: str) -> list[str]:
    authority = str(certificates.authority().ca_file)
    return ["openssl", "s_client", "-CAfile", authority, "-connect", endpoint(address, port), *options]


def https(address: str, port: int = 443) -> tuple[list[str], str]:
    return tls_client(address, port, "-quiet", "-verify_return_error"), "GET / HTTP/1.0\r\n\r\n"


def ldap(address: str, scheme: str = "ldap") -> list[str]:
    search = ["-LLL", "-s", "base", "-b", directories.HIDDEN]
    user = ["-x", "-D", directories.USER, "-w", directories.PASSWORD]
    return ["ldapsearch", "-H", f"{scheme}://{endpoint(address, 389)}", *user, *search]


def mysql(address: str, user: str) -> list[str]:
    client = ["mariadb", "--no-defaults", "-h", address, "-u", user, "-Nse", databases.QUERY, databases.DATABASE]
    return [*client, *([f"-p{databases.PASSWORD}"] if user != databases.MYSQL_USER_WITHOUT_PASSWORD else [])]


def pgsql(address: str, user: str) -> list[str]:
    password = databases.PASSWORD.replace(" ", "%20")
    host = f"[{address}]" if ":" in address else address
    return ["psql", "-Atc", databases.QUERY, f"postgresql://{user}:{password}@{host}/{databases.DATABASE}"]


def typed(address: str, port: int) -> list[str]:
    """Return a client that sends its stdin and prints what comes until the server has closed."""
    program = (
        "import socket, sys; stream = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)\n"
        "for line in sys.stdin: stream.sendall(line.rstrip('\\n').encode() + b'\\r\\n')\n"
        "for octets in iter(lambda: stream.recv(4096), b''): sys.stdout.buffer.write(octets)"
    )
    return ["/usr/bin/python3", "-c", program, address, str(port)]


# name: how it starts; what its clients type, and what they must be told (what asks by datagrams whether it has started
# is a client of its own)
Questions = Callable[[str], list[tuple[list[str], str, str]]]
Start = Callable[[Host], Daemon]
SERVERS: dict[str, tuple[Start, Questions]] = {
    "nginx": (
        lambda host: web.nginx(host, VIPS),
        lambda vip: [
            (typed(vip, 80), "GET / HTTP/1.0\n\n", web.HEALTHY_PAGE),
            (typed(vip, 80), "GET /down HTTP/1.0\n\n", "503 Service"),
            (*https(vip), web.HEALTHY_PAGE),
        ],
    ),
    "haproxy": (
        lambda host: web.haproxy(host, VIPS),
        lambda vip: [(*https(vip), "200 OK"), (typed(vip, 80), "GET /down HTTP/1.0\n\n", "503 Service")],
    ),
    "tinyproxy": (
        lambda host: web.tinyproxy(host, VIPS, refused="forbidden"),
        lambda vip: [
            (typed(vip, 3128), "GET http://forbidden/ HTTP/1.0\n\n", "403 Filtered"),
            (typed(vip, 3128), f"GET http://{endpoint(vip, 81)}/ HTTP/1.0\n\n", "HTTP/1.[01] 50"),
        ],
    ),
    "openssl": (
        lambda host: tls.openssl_server(host, V4.vip, certificates.good(), options=tls.ONLY_TLS_1_2),
        lambda _: [(tls_client(V4.vip, 443), "", "Protocol *: TLSv1.2"), (*https(V4.vip), "200 ok")],
    ),
    "postfix": (
        lambda host: mail.postfix(host, VIPS, refused_helo="forbidden.example"),
        lambda vip: [
            (typed(vip, 25), "EHLO me\nQUIT\n", "(?s)220 mail.example.*250-STARTTLS.*221 "),
            (typed(vip, 587), "EHLO me\nQUIT\n", "(?s)220 mail.example.*221 "),
        ],
    ),
    "dovecot": (
        lambda host: mail.dovecot(host, VIPS),
        lambda vip: [
            (typed(vip, 143), f'a LOGIN {mail.USER} "{mail.PASSWORD}"\nb LOGOUT\n', "a OK"),
            (typed(vip, 143), f"a LOGIN {mail.USER} wrong\nb LOGOUT\n", "a NO"),
            (typed(vip, 110), f"USER {mail.USER}\nPASS {mail.PASSWORD}\nQUIT\n", r"\+OK Logged in"),
            (tls_client(vip, 993, "-quiet"), "a LOGOUT\r\n", "a OK"),
            (tls_client(vip, 995, "-quiet"), "QUIT\r\n", r"\+OK Logging out"),
        ],
    ),
    "named": (lambda host: names.named(host, VIPS), lambda _: []),
    "vsftpd": (
        lambda host: files.vsftpd(host, VIPS, anonymous=False),
        lambda vip: [
            (typed(vip, 21), f"USER {files.USER}\nPASS {files.PASSWORD}\nQUIT\n", "230 Login"),
            (typed(vip, 21), f"USER {files.USER}\nPASS wrong\nQUIT\n", "530 "),
        ],
    ),
    "slapd": (
        lambda host: directories.slapd(host, VIPS),
        lambda vip: [(ldap(vip), "", directories.HIDDEN), (tls_client(vip, 636), "", "Verification: OK")],
    ),
    "mariadb": (
        lambda host: databases.mariadb(host, VIPS),
        lambda vip: [
            (mysql(vip, user), "", "apple")
            for user in (
                databases.MYSQL_USER,
                databases.MYSQL_USER_WITHOUT_PASSWORD,
                databases.MYSQL_USER_ED25519,
            )
        ],
    ),
    "postgresql": (
        lambda host: databases.postgresql(host, VIPS),
        lambda vip: [(pgsql(vip, user), "", "apple") for user in databases.PGSQL_USERS],
    ),
    "redis": (
        lambda host: stores.redis(host, VIPS, password="secret"),
        lambda vip: [(["redis-cli", "-h", vip, "-a", "secret", "PING"], "", "PONG")],
    ),
    "memcached": (
        lambda host: stores.memcached(host, VIPS),
        lambda vip: [(typed(vip, 11211), "version\nquit\n", "VERSION")],
    ),
    "freeradius": (lambda host: radius.freeradius(host, VIPS), lambda _: []),
}


@pytest.mark.parametrize("name", SERVERS)
def test_its_own_clients_are_served(host: Host, name: str) -> None:
    start, questions = SERVERS[name]
    began = time.monotonic()
    with start(host) as daemon:
        print(f"\n{name:12} {daemon.seconds:6.3f} s to the first answer, {time.monotonic() - began:6.3f} s in all")
        assert daemon.seconds < STARTED_WITHIN
        for vip in VIPS:
            for argv, stdin, expected in questions(vip):
                told = host.run(argv, check=False, stdin=stdin)
                assert re.search(expected, told.stdout), f"{argv}: {told.stdout}{told.stderr}\n{daemon.output}"


def test_a_stopped_one_leaves_nothing(host: Host) -> None:
    daemon = databases.postgresql(host, VIPS)
    assert len(processes_of(daemon)) > 1, "helpers, each a leader of its own"
    daemon.stop()
    assert processes_of(daemon) == []
    assert not daemon.folder.exists()
    with host.entered(), pytest.raises(ConnectionRefusedError):
        socket.create_connection((V4.vip, 5432), 5)


def test_one_that_does_not_start_says_why(host: Host) -> None:
    with pytest.raises(AssertionError, match=r"memcached ended: .*Cannot assign requested address"):
        stores.memcached(host, [V4.elsewhere])


def test_it_outlives_the_loss_of_its_address(host: Host) -> None:
    with names.named(host, [V4.vip, V6.vip]) as daemon:
        for family in (V4, V6):
            prefix = 32 if family is V4 else 128
            host.remove_address(f"{family.vip}/{prefix}", "lo")
            host.add_address(f"{family.vip}/{prefix}", "lo")
            with host.entered():
                wait_until(names.answers(family.vip, 53), "it answers again")
        assert "no longer listening" not in daemon.output


def processes_of(daemon: Daemon) -> list[int]:
    """Return the processes that work in the daemon's folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if str(daemon.folder) in str((path / "cwd").readlink()):
                found.append(int(path.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("issued", "expected"),
    [
        (certificates.good, "Verification: OK"),
        (certificates.expired, "certificate has expired"),
        (certificates.self_signed, "self-signed certificate"),
        (certificates.wrong_name, "hostname mismatch"),
        (certificates.expires_soon, "Verification: OK"),
    ],
)
def test_what_clients_say_of_the_certificates(host: Host, issued: Callable[[], Identity], expected: str) -> None:
    with tls.openssl_server(host, V4.vip, issued(), options=tls.ONLY_TLS_1_3):
        told = host.run(tls_client(V4.vip, 443, "-verify_hostname", certificates.NAME), check=False)
        assert expected.lower() in (told.stdout + told.stderr).lower()
        assert "TLSv1.3" in told.stdout
