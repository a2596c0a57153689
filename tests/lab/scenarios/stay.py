# SPDX-License-Identifier: GPL-2.0-or-later
"""stay.py: never ends by itself."""

import signal

print("staying")
while True:
    signal.pause()
