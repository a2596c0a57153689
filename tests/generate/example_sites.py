# SPDX-License-Identifier: GPL-2.0-or-later
"""The complete sites of examples/keepalived, and what the program makes of them.

    keepalived.conf    the site's configuration as it was; other files that it includes beside it
    options            further words of the command line, where there are any
    after/             what `--write` leaves: the configuration and services.d
    plan.json          what `--json` says

`python3 -m tests.generate.example_sites` writes after/ and plan.json anew: to be read before they are committed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from lvs_rawcheck.registry.write import seal

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = CHECKOUT / "examples" / "keepalived"
LAUNCHER = CHECKOUT / "lvs_rawcheck" / "cli" / "launcher.py"
FOLDER = "/etc/keepalived"
MAIN = "keepalived.conf"
AFTER, PLAN, OPTIONS = "after", "plan.json", "options"
_SERVICES = "etc/lvs-rawcheck/services.d"


def sites() -> list[Path]:
    """Return the folders, one for each site."""
    return sorted(path.parent for path in EXAMPLES.glob(f"*/{MAIN}"))


def generate(site: Path, root: Path, conf: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program on a site's configuration, as its user does who writes into a tree for another host."""
    file = site / OPTIONS
    options = file.read_text().split() if file.exists() else []
    command = ["/usr/bin/python3", "-I", "-S", str(LAUNCHER), "generate", "keepalived", str(conf), "--root", str(root)]
    return subprocess.run([*command, *options, *words], capture_output=True, text=True, timeout=60, check=False)


def lay_out(site: Path, root: Path) -> Path:
    """Copy a site's configuration into a tree, and return where its main file is."""
    conf = conf_in(root)
    shutil.copytree(site, conf.parent, ignore=shutil.ignore_patterns(AFTER, PLAN, OPTIONS))
    return conf


def conf_in(root: Path) -> Path:
    """Return where the main file is in a tree."""
    return root / FOLDER.lstrip("/") / MAIN


def made_of(site: Path, root: Path) -> dict[str, str]:
    """Return what the program makes of a site, as the names and texts of plan.json and of all files in after/.

    The tree is left as written.
    """
    conf = lay_out(site, root)
    planned = generate(site, root, conf, "--json")
    assert planned.returncode == 1, planned.stderr
    made = {PLAN: json.dumps(json.loads(_at_home(planned.stdout, root)), indent=2) + "\n"}
    written = generate(site, root, conf, "--write")
    assert written.returncode == 0, written.stderr
    for path in sorted(conf.parent.rglob("*.conf")):
        made[f"{AFTER}/{path.relative_to(conf.parent)}"] = path.read_text()
    for path in sorted((root / _SERVICES).glob("*.toml")):
        text = _at_home(path.read_text(), root).partition("\n")[2]
        made[f"{AFTER}/services.d/{path.name}"] = seal(text.encode()).decode()
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
    for site in sites():
        with tempfile.TemporaryDirectory() as folder:
            made = made_of(site, Path(folder))
        shutil.rmtree(site / AFTER, ignore_errors=True)
        for name, text in made.items():
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


if __name__ == "__main__":
    main()
