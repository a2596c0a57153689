# SPDX-License-Identifier: GPL-2.0-or-later
# Needs Debian 12, root, make. Each target installs what it needs first (.ci/packages), and starts no service.

PYTHON = /usr/bin/python3
PYTEST = $(PYTHON) -m pytest -p no:cacheprovider
LINT = build/lint
CURRENT = build/current-libraries

# The name is unused by any file; every target is a command.
.PHONY: help demo test test-full test-current lint bench deb packages clean

help:
	@echo "make demo       the demonstration: two directors, three real servers, four acts (about a minute)"
	@echo "make test       all tests but the long ones"
	@echo "make test-full  the long ones too, and once more with the newest libraries"
	@echo "make lint       ruff and mypy --strict"
	@echo "make deb        the Debian package, build/lvs-rawcheck_*.deb"
	@echo "make bench      what a check costs, beside its peers"

packages:
	@.ci/install

demo: packages
	$(PYTHON) -m examples.lab

test: packages
	$(PYTEST) -m "not full"

test-full: packages
	$(PYTEST) --hypothesis-profile=seeking
	$(MAKE) test-current

# The same code with the newest libraries of PyPI. Another interpreter: make test-current CURRENT_PYTHON=python3.13
CURRENT_PYTHON = $(PYTHON)
test-current: packages
	$(CURRENT_PYTHON) -m venv --clear $(CURRENT)
	$(CURRENT)/bin/pip install --quiet --upgrade pytest hypothesis scapy h11 dnspython cryptography ldap3 pyrad jinja2 rich prometheus-client
	$(CURRENT)/bin/python -m pytest -p no:cacheprovider -m "not full and not lab"

lint: packages $(LINT)/bin/ruff
	$(LINT)/bin/ruff check .
	$(LINT)/bin/ruff format --check .
	/usr/bin/mypy --cache-dir build/mypy

$(LINT)/bin/ruff:
	$(PYTHON) -m venv $(LINT)
	$(LINT)/bin/pip install --quiet "ruff==0.17.*"

bench: packages
	$(PYTHON) -m tests.bench

# Installs by itself what the build needs, and nothing of what tests need.
deb:
	.ci/build-deb build/deb
	cp build/deb/*.deb build/

clean:
	rm -rf build
