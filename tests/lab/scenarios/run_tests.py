# SPDX-License-Identifier: GPL-2.0-or-later
"""run_tests.py PYTEST_ARGUMENT...: runs tests inside, where the kernel has every kind of interface, and SCTP."""

import os
import subprocess
import sys

from lab.network import load_modules

MODULES = ("veth", "bridge", "macvlan", "8021q", "bonding", "dummy", "ipv6", "tcp_diag", "inet_diag", "sctp", "hmac")
OPTIONS = ("-p", "no:cacheprovider", "-q", "-ra", "-m", "not full")

load_modules(*MODULES)
os.chdir("/opt/lvs-rawcheck")
sys.exit(subprocess.run([sys.executable, "-m", "pytest", *OPTIONS, *sys.argv[1:]], stderr=subprocess.STDOUT).returncode)
