# SPDX-License-Identifier: GPL-2.0-or-later
"""The complete sites of examples/keepalived and examples/ldirectord, and what the program makes of them.

    keepalived.conf or ldirectord.cf    the site's configuration as it was; other files that it includes beside it
    options                             further words of the command line, where there are any
    after/                              what `--write` leaves: configuration, services.d, and wrappers for ldirectord
    plan.json                           what `--json` says

`python3 -m tests.generate.example_sites` writes after/ and plan.json anew: to be read before they are committed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lvs_rawcheck.registry.write import seal

CHECKOUT = Path(__file__).resolve().parents[2]
LAUNCHER = CHECKOUT / "lvs_rawcheck" / "cli" / "launcher.py"
FOLDER = "/etc/keepalived"
MAIN = "keepalived.conf"
AFTER, PLAN, OPTIONS = "after", "plan.json", "options"
_SERVICES, _WRAPPERS = "etc/lvs-rawcheck/services.d", "etc/lvs-rawcheck/ldirectord"


@dataclass(frozen=True)
class Program:
    """Whose configuration it is. main: the main file; folder: where it is on a host; pattern: of all its files."""

    name: str
    main: str
    folder: str
    pattern: str

    @property
    def examples(self) -> Path:
        """The folder with all its sites."""
        return CHECKOUT / "examples" / self.name


KEEPALIVED = Program("keepalived", MAIN, FOLDER, "*.conf")
LDIRECTORD = Program("ldirectord", "ldirectord.cf", "/etc/ha.d", "*.cf")
_PROGRAMS = {program.name: program for program in (KEEPALIVED, LDIRECTORD)}


def sites(program: Program = KEEPALIVED) -> list[Path]:
    """Return the folders, one for each site."""
    return sorted(path.parent for path in program.examples.glob(f"*/{program.main}"))


def program_of(site: Path) -> Program:
    """Return whose example a site is."""
    return _PROGRAMS[site.parent.name]


def generate(site: Path, root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program on a site's configuration, as its user does who writes into a tree for another host."""
    file = site / OPTIONS
    options = file.read_text().split() if file.exists() else []
    name, conf = program_of(site).name, str(conf_in(site, root))
    command = ["/usr/bin/python3", "-I", "-S", str(LAUNCHER), "generate", name, conf, "--root", str(root)]
    return subprocess.run([*command, *options, *words], capture_output=True, text=True, timeout=60, check=False)


def lay_out(site: Path, root: Path) -> Path:
    """Copy a site's configuration into a tree, and return where its main file is."""
    conf = conf_in(site, root)
    shutil.copytree(site, conf.parent, ignore=shutil.ignore_patterns(AFTER, PLAN, OPTIONS))
    return conf


def conf_in(site: Path, root: Path) -> Path:
    """Return where a site's main file is in a tree."""
    program = program_of(site)
    return root / program.folder.lstrip("/") / program.main


def made_of(site: Path, root: Path) -> dict[str, str]:
    """Return what the program makes of a site, as the names and texts of plan.json and of all files in after/.

    The tree is left as written.
    """
    conf = lay_out(site, root)
    planned = generate(site, root, "--json")
    assert planned.returncode == 1, planned.stderr
    made = {PLAN: json.dumps(json.loads(_at_home(planned.stdout, root)), indent=2) + "\n"}
    written = generate(site, root, "--write")
    assert written.returncode == 0, written.stderr
    for path in sorted(conf.parent.rglob(program_of(site).pattern)):
        made[f"{AFTER}/{path.relative_to(conf.parent)}"] = path.read_text()
    for path in sorted((root / _SERVICES).glob("*.toml")):
        text = _at_home(path.read_text(), root).partition("\n")[2]
        made[f"{AFTER}/services.d/{path.name}"] = seal(text.encode()).decode()
    for path in sorted((root / _WRAPPERS).glob("[!.]*")):
        made[f"{AFTER}/wrappers/{path.name}"] = path.read_text()
    return made


def _at_home(text: str, root: Path) -> str:
    """Return a text in which files have the paths that they have on their own host."""
    return text.replace(str(root), "")


def expected_of(site: Path) -> dict[str, str]:
    """Return what is expected of a site, as `made_of` does."""
    files = [site / PLAN, *sorted(path for path in (site / AFTER).rglob("*") if path.is_file())]
    return {str(path.relative_to(site)): path.read_text() for path in files}


def main() -> None:
    """Write what is expected of all sites anew."""
    for site in (*sites(KEEPALIVED), *sites(LDIRECTORD)):
        with tempfile.TemporaryDirectory() as folder:
            made = made_of(site, Path(folder))
        shutil.rmtree(site / AFTER, ignore_errors=True)
        for name, text in made.items():
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if path.parent.name == "wrappers":
                path.chmod(0o755)


if __name__ == "__main__":
    main()
