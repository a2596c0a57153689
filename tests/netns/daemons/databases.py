# SPDX-License-Identifier: GPL-2.0-or-later
"""mariadb and postgresql, each with a table, an empty one, and users of several kinds of password."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.netns.daemons import certificates
from tests.netns.daemons.daemon import Daemon, everywhere, new_folder, write
from tests.netns.topology import Host
from tests.tls.authority import Identity

DATABASE = "shop"
PASSWORD = "open sesame"
QUERY, EMPTY_QUERY, WRONG_QUERY = "SELECT * FROM goods", "SELECT * FROM nothing", "SELECT * FROM nowhere"
_TABLES = """
CREATE TABLE goods (name VARCHAR(40), price INTEGER);
INSERT INTO goods VALUES ('apple', 3), ('pear', 4);
CREATE TABLE nothing (name VARCHAR(40));
"""
_MAKE_TIMEOUT = 60.0  # seconds

MYSQL_USER = "alice"
MYSQL_USER_WITHOUT_PASSWORD = "nobody"
MYSQL_USER_ED25519 = "edward"

_MARIADB = [
    "--innodb-log-file-size=4M",
    "--innodb-buffer-pool-size=8M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--aria-pagecache-buffer-size=1M",
    "--key-buffer-size=64K",
    "--user=mysql",
]
_MARIADB_USERS = f"""
CREATE DATABASE {DATABASE};
USE {DATABASE};
{_TABLES}
CREATE USER '{MYSQL_USER}'@'%' IDENTIFIED BY '{PASSWORD}';
CREATE USER '{MYSQL_USER_WITHOUT_PASSWORD}'@'%' IDENTIFIED BY '';
INSTALL SONAME 'auth_ed25519';
CREATE USER '{MYSQL_USER_ED25519}'@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}');
GRANT SELECT ON {DATABASE}.* TO '{MYSQL_USER}'@'%';
GRANT SELECT ON {DATABASE}.* TO '{MYSQL_USER_WITHOUT_PASSWORD}'@'%';
GRANT SELECT ON {DATABASE}.* TO '{MYSQL_USER_ED25519}'@'%';
"""


def _make(argv: Sequence[str], stdin: str = "") -> None:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=_MAKE_TIMEOUT)
    assert done.returncode == 0, f"{argv[0]}: {done.stdout}{done.stderr}"


@cache
def _mariadb_template() -> Path:
    """Return a data folder without users of ours, made once a run."""
    data = new_folder("mariadb-template", "mysql") / "data"
    plain = ["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal", "--skip-name-resolve"]
    _make(["mariadb-install-db", *plain, f"--datadir={data}", *_MARIADB])
    return data


def mariadb(host: Host, addresses: Sequence[str], port: int = 3306, identity: Identity | None = None) -> Daemon:
    """Return mariadb with DATABASE and MYSQL_USER and the others; it listens on the wildcard address."""
    identity = identity or certificates.good()
    folder = new_folder("mariadb", "mysql")
    _make(["cp", "-a", str(_mariadb_template()), str(folder / "data")])
    users = write(folder / "users.sql", _MARIADB_USERS)
    argv = [
        "mariadbd",
        "--no-defaults",
        *_MARIADB,
        f"--datadir={folder}/data",
        f"--socket={folder}/socket",
        f"--pid-file={folder}/pid",
        f"--init-file={users}",
        f"--port={port}",
        f"--bind-address={','.join(addresses)}",
        f"--ssl-cert={identity.certificate_file}",
        f"--ssl-key={identity.key_file}",
        "--skip-name-resolve",
        "--character-set-server=utf8mb4",
    ]
    return Daemon(host, argv, folder).wait_until(everywhere(addresses, [port], b"...\x00\x0a"))


PGSQL_TRUSTED, PGSQL_SCRAM, PGSQL_MD5, PGSQL_CLEAR = "trusted", "alice", "mike", "claire"
PGSQL_USERS = (PGSQL_TRUSTED, PGSQL_SCRAM, PGSQL_MD5, PGSQL_CLEAR)
_POSTGRESQL = Path("/usr/lib/postgresql")

_HBA = f"""
local all postgres trust
host all {PGSQL_TRUSTED} all trust
host all {PGSQL_SCRAM} all scram-sha-256
host all {PGSQL_MD5} all md5
host all {PGSQL_CLEAR} all password
"""
# `postgres --single` takes one statement a line.
_PGSQL_USERS = f"""
CREATE ROLE {PGSQL_TRUSTED} LOGIN;
SET password_encryption = 'scram-sha-256';
CREATE ROLE {PGSQL_SCRAM} LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE {PGSQL_CLEAR} LOGIN PASSWORD '{PASSWORD}';
SET password_encryption = 'md5';
CREATE ROLE {PGSQL_MD5} LOGIN PASSWORD '{PASSWORD}';
"""
_PGSQL_CONF = """
listen_addresses = '{addresses}'
port = {port}
unix_socket_directories = '{folder}'
ssl = on
ssl_cert_file = '{folder}/server.crt'
ssl_key_file = '{folder}/server.key'
fsync = off
min_wal_size = 2MB
shared_buffers = 4MB
max_connections = 20
autovacuum = off
"""


def _postgresql(program: str) -> list[str]:
    """Return the beginning of a command line that runs a program of the installed version as its user."""
    newest = max(_POSTGRESQL.iterdir(), key=lambda path: int(path.name))
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", str(newest / "bin" / program)]


@cache
def _pgsql_template() -> Path:
    """Return a data folder with tables and users, made once a run."""
    data = new_folder("postgresql-template", "postgres") / "data"
    _make(
        [
            *_postgresql("initdb"),
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--wal-segsize=1",
            str(data),
        ]
    )
    single = [*_postgresql("postgres"), "--single", "-D", str(data)]
    _make([*single, "postgres"], f"CREATE DATABASE {DATABASE};\n")
    grants = f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;\n{_PGSQL_USERS}"
    _make([*single, DATABASE], _TABLES + grants)
    return data


def postgresql(host: Host, addresses: Sequence[str], port: int = 5432, identity: Identity | None = None) -> Daemon:
    """Return postgresql with DATABASE and the PGSQL users, each of whom must prove itself in another way."""
    identity = identity or certificates.good()
    folder = new_folder("postgresql", "postgres")
    _make(["cp", "-a", str(_pgsql_template()), str(folder / "data")])
    write(folder / "data" / "pg_hba.conf", _HBA, owner="postgres")
    shutil.copy(identity.certificate_file, folder / "server.crt")
    write(folder / "server.key", identity.key_file.read_text(), mode=0o600, owner="postgres")
    text = _PGSQL_CONF.format(addresses=",".join(addresses), port=port, folder=folder)
    write(folder / "data" / "postgresql.conf", text, owner="postgres")
    daemon = Daemon(host, [*_postgresql("postgres"), "-D", str(folder / "data")], folder)
    # It accepts, and answers with an error, before it has started; 'R' is the way on to authentication.
    return daemon.wait_until(everywhere(addresses, [port], b"R", _startup(PGSQL_TRUSTED)))


def _startup(user: str) -> bytes:
    """Return a StartupMessage of protocol 3.0 (PostgreSQL manual, "Message Formats")."""
    parameters = b"".join(f"{word}\0".encode() for word in ("user", user, "database", DATABASE)) + b"\0"
    return (8 + len(parameters)).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + parameters
