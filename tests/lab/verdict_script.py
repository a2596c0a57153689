# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict script in the laboratory, where no package puts it in place."""

from __future__ import annotations

from pathlib import Path

from lab.director import LAUNCHER

from lvs_rawcheck.cli.libraries import import_site_packages

PYTHON = "/usr/bin/python3"


def install_verdict(place: Path, services_folder: str, state_folder: str) -> None:
    """Render the script for these folders, as its host sees them, and let keepalived run it and the launcher."""
    import_site_packages()
    from lvs_rawcheck.registry.templates import Templates

    text = Templates("/nowhere").render(
        "verdict", python=PYTHON, launcher=LAUNCHER, services_folder=services_folder, state_folder=state_folder
    )
    place.write_text(text)
    place.chmod(0o755)
    Path(LAUNCHER).chmod(0o755)
