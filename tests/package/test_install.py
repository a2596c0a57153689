# SPDX-License-Identifier: GPL-2.0-or-later
"""The package in a clean Debian: as root, and as the user that checks become."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable

import pytest

from tests.cli.site import CLOSED_PORT, PORT, REAL_IP, VIP, Site
from tests.netns.topology import Network
from tests.package.build import CHECKOUT, built, control_field
from tests.package.command_help import commands
from tests.package.root import Root, root_of
from tests.package.site import CHECK, MODULES, VERDICT, register

pytestmark = [pytest.mark.netns, pytest.mark.full]

KINDS = ("check tcp", "check http", "check dns")
TWINS = ("check_tcp_raw", "check_http_get_raw", "check_http_raw")


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_installed_it_works(network: Network, suite: str, record_property: Callable[[str, object], None]) -> None:
    package = built()
    site = Site(network)
    with root_of(suite) as root:
        began = time.monotonic()
        said = root.install(package)
        record_property("install_seconds", round(time.monotonic() - began, 2))
        record_property("installed_kb", control_field(package, "Installed-Size"))
        assert "warning" not in said.lower()
        version = control_field(package, "Version")
        assert root.do("readlink", f"{MODULES}/current").strip() == version
        assert root.do("lvs-rawcheck", "--version").startswith("lvs-rawcheck ")
        _commands_have_help(root)
        _checks_judge(root, site)
        _checks_become_nobody(root, site)
        _scripts_run(root, site)
        _runs_compiled_modules(root)
        shutil.copy(CHECKOUT / "debian" / "tests" / "smoke", root.path("/root/smoke"))
        root.do("sh", "/root/smoke")


def _commands_have_help(root: Root) -> None:
    for words in (*commands(), *KINDS, ""):
        assert root.do("lvs-rawcheck", *words.split(), "--help").startswith("usage: "), words
    for twin in TWINS:
        assert root.do(twin, "--help").startswith(f"usage: {twin}"), twin


def _checks_judge(root: Root, site: Site) -> None:
    words = ["lvs-rawcheck", "check", "tcp", "--json", REAL_IP, VIP]
    healthy = root.run(*words, PORT, host=site.director)
    assert (healthy.returncode, json.loads(healthy.stdout)["path"]) == (0, "raw")
    refused = root.run(*words, CLOSED_PORT, host=site.director)
    assert (refused.returncode, json.loads(refused.stdout)["reason"]) == (1, "refused")
    root.do("check_tcp_raw", "eth0", REAL_IP, VIP, PORT, host=site.director)
    for kind in ("http", "dns"):  # what their libraries are for
        done = root.run("lvs-rawcheck", "check", kind, "--json", "-t", "0.5", REAL_IP, VIP, PORT, host=site.director)
        assert json.loads(done.stdout)["reason"] in ("timeout", "unreachable"), done.stdout


def _checks_become_nobody(root: Root, site: Site) -> None:
    """While it waits for an answer that does not come, the check is the package's user."""
    uid = root.do("id", "-u", "lvs-rawcheck").strip()
    assert root.do("getent", "passwd", "lvs-rawcheck").split(":")[-1].strip() == "/usr/sbin/nologin"
    child = root.start(["lvs-rawcheck", "check", "tcp", "-t", "3", "10.0.0.99", VIP, PORT], site.director)
    deadline = time.monotonic() + 3
    look = "grep -hszl check /proc/[0-9]*/cmdline | sed 's/cmdline/status/' | xargs grep -h ^Uid: || :"
    while f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}" not in root.do("sh", "-c", look):
        assert time.monotonic() < deadline, "the check stayed root"
    said, _ = child.communicate(timeout=10)
    assert "no-neighbour" in said


def _scripts_run(root: Root, site: Site) -> None:
    register(root)
    root.do(*VERDICT, host=site.director)
    assert re.match(r"\d+ 0 0 raw - - ok", root.do("cat", f"/run/lvs-rawcheck/last/{CHECK}"))
    root.do("/usr/lib/lvs-rawcheck/notify", "MASTER", "VI_1")
    assert root.do("cat", "/run/lvs-rawcheck/role/VI_1").startswith("1 MASTER")
    assert "VI_1" in root.do("lvs-rawcheck", "role", host=site.director)
    agent = "/usr/lib/ocf/resource.d/lvs-rawcheck/role"
    root.do("env", "OCF_RESKEY_instance=VI_1", agent, "monitor")
    root.do("env", "OCF_RESKEY_instance=VI_1", agent, "stop")
    assert root.do("cat", "/run/lvs-rawcheck/role/VI_1").startswith("0 ")
    root.do("cp", "-a", "/usr/lib/lvs-rawcheck", "/root/built")
    root.do("lvs-rawcheck", "generate", "scripts")
    root.do("diff", "-r", "/root/built", "/usr/lib/lvs-rawcheck")  # what is installed renders what the build rendered


def _runs_compiled_modules(root: Root) -> None:
    """A launcher's import finds what postinst compiled, and every module was."""
    count = "find /usr/share/lvs-rawcheck/current/ -name '*.%s' | wc -l"
    assert root.do("sh", "-c", count % "pyc") == root.do("sh", "-c", count % "py")
    imports = "import sys; sys.argv = ['lvs-rawcheck', '-V']; exec(open('/usr/bin/lvs-rawcheck').read())"
    said = root.do("/usr/bin/python3", "-ISv", "-c", f"__file__ = '/usr/bin/lvs-rawcheck'; {imports}")
    assert re.search(r"code object from '/usr/share/lvs-rawcheck/[^/]+/lvs_rawcheck/cli/__pycache__/main", said)
    assert "wrote" not in said
