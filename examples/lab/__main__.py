# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the demonstration: `python3 examples/lab`, from any directory."""

import sys
from pathlib import Path

# The package `lab` is found in the folder above; `python3 examples/lab` puts only that folder on the path.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from lab.demo import main  # noqa: E402  (the path comes first)

sys.exit(main())
