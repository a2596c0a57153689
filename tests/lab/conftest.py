# SPDX-License-Identifier: GPL-2.0-or-later
"""The package `lab` lives in examples/, which is no place that Python looks in by itself."""

import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "examples"))
