# SPDX-License-Identifier: GPL-2.0-or-later
"""Every file that the package installs, and what covers it; and lintian's opinion of the whole."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatch

import pytest

from tests.package.build import CHECKOUT, built, control_field, require_programs
from tests.package.command_help import commands

INSTALL, UPGRADE, REMOVAL = (f"tests/package/test_{name}.py" for name in ("install", "upgrade", "removal"))

# A pattern of what is installed, without its first slash; what covers it. {program}: the version's folder.
COVERED = {
    "usr/bin/lvs-rawcheck": INSTALL,
    "usr/bin/check_*_raw": INSTALL,
    "usr/lib/lvs-rawcheck/verdict": UPGRADE,
    "usr/lib/lvs-rawcheck/notify": "tests/templates/test_notify.py",
    "usr/lib/lvs-rawcheck/ocf-role": INSTALL,
    "usr/lib/ocf/resource.d/lvs-rawcheck/role": INSTALL,
    "{program}/lvs_rawcheck/*.py": INSTALL,
    "{program}/templates/audit/page.*": "tests/diagnose/audit/test_html.py",
    "{program}/templates/keepalived/*.conf": "tests/generate/test_examples.py",
    "{program}/templates/ldirectord/wrapper": "tests/ldirectord/test_wrapper.py",
    "{program}/templates/ocf/role": INSTALL,
    "{program}/templates/service.toml": "tests/registry/test_write.py",
    "{program}/templates/notify": INSTALL,
    "{program}/templates/verdict": INSTALL,
    "etc/lvs-rawcheck/lvs-rawcheck.toml": REMOVAL,
    "etc/lvs-rawcheck/services.d/": INSTALL,
    "etc/lvs-rawcheck/ldirectord/": "tests/package/test_contents.py",
    "etc/lvs-rawcheck/templates/": "tests/package/test_contents.py",
    "lib/systemd/system/lvs-rawcheck.s*": "tests/package/test_service.py",
    "usr/lib/sysusers.d/lvs-rawcheck.conf": INSTALL,
    "usr/lib/tmpfiles.d/lvs-rawcheck.conf": INSTALL,
    "usr/share/man/man[578]/*.[578].gz": "tests/package/test_man_pages.py",
    "usr/share/bash-completion/completions/*": "tests/package/test_completion.py",
    "usr/share/doc/lvs-rawcheck/examples/ansible/*": "tests/ansible/test_playbook.py",
    "usr/share/doc/lvs-rawcheck/examples/grafana/*": "tests/daemon/test_metrics.py",
    "usr/share/doc/lvs-rawcheck/examples/prometheus/*": "tests/daemon/test_metrics.py",
    "usr/share/doc/lvs-rawcheck/examples/keepalived/*": "tests/generate/test_examples.py",
    "usr/share/doc/lvs-rawcheck/examples/ldirectord/ROLE.md": "tests/templates/test_pacemaker_example.py",
    "usr/share/doc/lvs-rawcheck/examples/ldirectord/pacemaker/*": "tests/templates/test_pacemaker_example.py",
    "usr/share/doc/lvs-rawcheck/examples/ldirectord/vrrp-only/*": "tests/templates/test_vrrp_only_example.py",
    "usr/share/doc/lvs-rawcheck/examples/ldirectord/*": "tests/generate/ldirectord/test_examples.py",
    "usr/share/doc/lvs-rawcheck/README.*": "tests/package/test_contents.py",
    "usr/share/doc/lvs-rawcheck/changelog.gz": UPGRADE,
    "usr/share/doc/lvs-rawcheck/copyright": "tests/package/test_contents.py",
    "usr/share/lintian/overrides/lvs-rawcheck": "tests/package/test_contents.py",
}


def contents() -> dict[str, str]:
    """Return mode and owner of every path in the package, without its `./`; folders end with a slash."""
    listing = subprocess.run(["dpkg-deb", "-c", str(built())], capture_output=True, text=True, check=True).stdout
    rows = (line.split(None, 5) for line in listing.splitlines())
    return {row[5].partition(" -> ")[0].removeprefix("./"): f"{row[0]} {row[1]}" for row in rows}


def covered() -> dict[str, str]:
    """Return COVERED for the version that was built."""
    program = f"usr/share/lvs-rawcheck/{control_field(built(), 'Version')}"
    return {pattern.format(program=program): test for pattern, test in COVERED.items()}


def test_every_installed_file_is_covered() -> None:
    paths = contents()
    parents = {f"{path.rstrip('/').rpartition('/')[0]}/" for path in paths}
    leaves = [path for path in paths if path and path not in parents]
    unknown = [path for path in leaves if not any(fnmatch(path, pattern) for pattern in covered())]
    assert unknown == []


def test_what_covers_them_is_there_and_so_are_they() -> None:
    paths = contents()
    for pattern, test in covered().items():
        assert (CHECKOUT / test).is_file(), test
        assert any(fnmatch(path, pattern) for path in paths), pattern


def test_all_is_roots_and_readable() -> None:
    commands = ("usr/bin/*", "usr/lib/lvs-rawcheck/*", "usr/share/doc/*/examples/*/wrappers/*")
    for path, mode_and_owner in contents().items():
        mode, owner = mode_and_owner.split()
        wanted = {"l": "rwxrwxrwx", "d": "rwxr-xr-x"}.get(mode[0])
        runs = any(fnmatch(path, pattern) for pattern in commands)
        wanted = wanted or ("rwxr-xr-x" if runs else "rw-r--r--")
        assert (mode[1:], owner) == (wanted, "root/root"), path


def test_commands_are_files_of_their_own() -> None:
    """keepalived resolves a link, and would run all of them by one name."""
    paths = contents()
    assert all(mode.startswith("-") for path, mode in paths.items() if path.startswith("usr/bin/") and path[-1] != "/")


def test_it_depends_on_what_checks_need_and_no_more() -> None:
    depends = {word.split()[0] for word in control_field(built(), "Depends").replace(" | ", ", ").split(", ")}
    sysusers = {"systemd", "systemd-standalone-sysusers", "systemd-sysusers"}
    assert depends - sysusers == {"python3", "python3-cryptography", "python3-dnspython", "python3-h11"}
    assert "scapy" not in control_field(built(), "Recommends")


def test_the_wordings_fit_together() -> None:
    """README.Debian names what a rollout takes, and no command that the program's own help lacks."""
    text = (CHECKOUT / "debian" / "README.Debian").read_text()
    named = set(re.findall(r"[.:;`] ?lvs-rawcheck ([a-z]+)\b", text))
    assert named <= set(commands())
    assert named >= {"audit", "check", "doctor", "explain", "generate", "mode", "shadow", "status", "verify"}


def test_the_readme_lists_the_commands_as_the_help_does() -> None:
    """A row each, in the same order and with the same arguments."""
    section = (CHECKOUT / "README.md").read_text().partition("## The commands\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(.*?)` \|", section.replace("\\|", "|"), re.MULTILINE)
    assert rows == [f"{name} {words}".rstrip() for name, lines in commands().items() for words in lines]


def test_copyright_is_the_programs() -> None:
    text = (CHECKOUT / "debian" / "copyright").read_text()
    assert 'license = { text = "GPL-2.0-or-later" }' in (CHECKOUT / "pyproject.toml").read_text()
    assert text.count("GPL-2.0-or-later") == 2


def test_every_override_has_its_reason_above() -> None:
    lines = (CHECKOUT / "debian" / "lvs-rawcheck.lintian-overrides").read_text().splitlines()
    assert len(lines) % 2 == 0
    assert all(line.startswith("# ") for line in lines[::2])
    assert all(line.startswith("lvs-rawcheck: ") for line in lines[1::2])


@pytest.mark.full
def test_lintian_has_nothing_to_say() -> None:
    require_programs({"lintian": "lintian"})
    (changes,) = built().parent.glob("*.changes")
    words = ["lintian", "--pedantic", "--display-info", "--fail-on", "error,warning,info,pedantic", str(changes)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    said = [line for line in done.stdout.splitlines() if not line.startswith("running with root privileges")]
    assert (done.returncode, said) == (0, [])
