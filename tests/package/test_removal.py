# SPDX-License-Identifier: GPL-2.0-or-later
"""Removal refuses while a configuration of the host runs us; else nothing of ours is left."""

from __future__ import annotations

import pytest

from tests.package.build import built
from tests.package.root import Root
from tests.package.site import VERDICT, register

pytestmark = [pytest.mark.netns, pytest.mark.full]

STANZA = 'misc_path "/usr/lib/lvs-rawcheck/verdict web/10.0.0.42"\n'
KEEPALIVED = "/etc/keepalived/keepalived.conf"
REVERT = "lvs-rawcheck generate keepalived /etc/keepalived/keepalived.conf --revert --write"
# Files, and the one that is named as a reason.
RUN_US: dict[str, tuple[dict[str, str], str]] = {
    "keepalived": ({KEEPALIVED: STANZA}, KEEPALIVED),
    "drop-in": ({KEEPALIVED: 'misc_path "/usr/bin/check_tcp_raw eth0 a b 80"\n'}, KEEPALIVED),
    "inline": ({KEEPALIVED: "MISC_CHECK { misc_path /usr/bin/lvs-rawcheck }"}, KEEPALIVED),
    "after a definition": ({KEEPALIVED: "$CHECK=\\\n/usr/lib/lvs-rawcheck\n"}, KEEPALIVED),
    "after a # that is none": ({KEEPALIVED: "x '#' " + STANZA}, KEEPALIVED),
    "below": ({"/etc/keepalived/conf.d/a b.conf": STANZA}, "/etc/keepalived/conf.d/a b.conf"),
    "script": ({"/etc/keepalived/master.sh": "exec /usr/lib/lvs-rawcheck/notify MASTER VI_1\n"}, "master.sh"),
    "included": ({KEEPALIVED: "include /srv/*.conf\r\n", "/srv/web.conf": STANZA}, "/srv/web.conf"),
    "included by an included": (
        {KEEPALIVED: "\t@lb1 includea ../../srv/a.conf", "/srv/a.conf": "include b/*", "/srv/b/c": STANZA},
        "/srv/b/c",
    ),
    "elsewhere": ({"/etc/default/keepalived": 'DAEMON_ARGS="-D -f /srv/lb.conf"\n', "/srv/lb.conf": STANZA}, "/srv/lb"),
    "ldirectord": ({"/etc/ha.d/ldirectord.cf": '    checkcommand="/etc/lvs-rawcheck/ldirectord/web"\n'}, "/etc/ha.d/l"),
    "ldirectord, conf": ({"/etc/ha.d/conf/web.cf": '\tcheckcommand="/usr/bin/check_http_raw"\n'}, "/etc/ha.d/conf/w"),
    "ldirectord, init": ({"/etc/ldirectord.cf": "    checkcommand=/etc/lvs-rawcheck/ldirectord/web\n"}, "/etc/ldir"),
    "Pacemaker": ({"/var/lib/pacemaker/cib/cib.xml": '<primitive provider="lvs-rawcheck"/>\n'}, "cib.xml"),
}
RUN_US_NOT = {
    KEEPALIVED: f"# {STANZA}! {STANZA}\t #{STANZA}misc_path /usr/lib/other\ninclude /srv/none*.conf\ninclude nothing\n",
    "/etc/keepalived/.keepalived.conf.20260101-000000.lvs-rawcheck": STANZA,
    "/etc/ha.d/ldirectord.cf": "#    checkcommand=/etc/lvs-rawcheck/ldirectord/web\n",
    "/srv/unrelated.conf": STANZA,
    "/etc/default/keepalived": 'DAEMON_ARGS="-D -f /srv/missing.conf"\n',
}


def test_removal_is_refused_and_changes_nothing(root: Root) -> None:
    root.install(built())
    before = root.files()
    for name, (files, reason) in RUN_US.items():
        for path, text in files.items():
            root.write(path, text)
        done = root.run("dpkg", "--remove", "lvs-rawcheck")
        assert done.returncode != 0, name
        assert reason in done.stdout, name
        assert (REVERT in done.stdout) == ("keepalived:\n" in done.stdout), name
        assert ("generate ldirectord /etc/" in done.stdout) == ("ldirectord:\n" in done.stdout), name
        assert "touch /etc/lvs-rawcheck/allow-remove" in done.stdout
        assert root.do("dpkg-query", "-W", "-f", "${db:Status-Status}", "lvs-rawcheck") == "installed", name
        if name == "keepalived":
            root.do("dpkg", "--install", root.bring(built()))  # an upgrade is never refused
        for path in files:
            root.path(path).unlink()
    program = {
        path: mode for path, mode in before.items() if path.startswith(("/usr", "/run/lvs-rawcheck", "/etc/lvs"))
    }
    assert program.items() <= root.files().items()


def test_it_is_removed_where_nothing_runs_it(root: Root) -> None:
    root.install(built())
    for path, text in RUN_US_NOT.items():
        root.write(path, text)
    said = root.do("dpkg", "--remove", "lvs-rawcheck")
    assert "not empty" not in said
    for path, text in RUN_US_NOT.items():
        assert root.path(path).read_text() == text


def test_or_where_the_administrator_says_so(root: Root) -> None:
    root.install(built())
    root.write(KEEPALIVED, STANZA)
    root.write("/etc/lvs-rawcheck/allow-remove", "")
    root.do("dpkg", "--remove", "lvs-rawcheck")
    assert root.path(KEEPALIVED).read_text() == STANZA


def test_purge_leaves_no_file_and_it_can_come_back(root: Root) -> None:
    before = root.files()
    root.install(built())
    installed = root.files()
    register(root)
    root.write("/etc/lvs-rawcheck/lvs-rawcheck.toml", "# an administrator's\n")
    root.run(*VERDICT)  # leaves a last verdict
    root.do("dpkg", "--remove", "lvs-rawcheck")
    kept = changed(before, root.files())
    enabled = ("/etc/systemd/system/", "/var/lib/systemd/deb-systemd-helper-enabled/")  # as Debian remembers it
    assert all(path.startswith(("/etc/lvs-rawcheck", "/run/lvs-rawcheck", *enabled)) for path in kept), kept
    assert root.path("/etc/lvs-rawcheck/lvs-rawcheck.toml").read_text() == "# an administrator's\n"
    root.do("apt-get", "purge", "-q", "-y", "lvs-rawcheck")
    assert changed(before, root.files()) == set()
    root.install(built())
    assert changed(installed, root.files()) == set()


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Return what is different, but for the package manager's own notes, the accounts' files and what tests bring."""
    others = ("/var/lib/dpkg", "/var/log", "/var/cache", "/var/lib/apt", "/root", "/etc/.pwd.lock")
    accounts = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")
    return {path for path, _ in before.items() ^ after.items() if not path.startswith((*others, *accounts))}
