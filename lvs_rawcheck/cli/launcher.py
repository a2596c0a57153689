#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""The program file: `lvs-rawcheck` and its drop-in twins are links to this one, told apart by their name.

-I: no environment variable and no file of the current directory changes what a check does. -S: site-packages
are looked through only by the commands that need them. The whole start costs half of what a console script's
does.
"""

import os
import sys

sys.path.append(os.path.realpath(__file__).rsplit("/", 3)[0])

from lvs_rawcheck.cli.main import main

sys.exit(main())
