# The commands of the portal. `make run` and `make test` need nothing but git, make and Python 3.11 or later;
# docs/running.md and docs/changing.md say what each does. What is built already is not built again: a file named .built
# in each folder is newer than what the folder is made from.

.PHONY: help run test lint bench pins clean ready ready-to-change
.DEFAULT_GOAL := help
.SUFFIXES:

VAR_DIR ?= $(or $(shell sed -n 's/^VAR_DIR=//p' .env 2>/dev/null),var)
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
# Checked as a production host runs it; the secret is nobody's.
PRODUCTION := DEBUG=0 DEMO=0 SITE_URL=https://portal.example.org ALLOWED_HOSTS=portal.example.org \
	SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))')
APPS := clahrc panels communities fellows studies people mailing
STATIC := $(shell find static $(APPS:%=%/static) -type f 2>/dev/null)

help: ## Show these commands
	@sed -n 's/^\([a-z]*\):.*## /make \1: /p' $(MAKEFILE_LIST)

run: export VAR_DIR := $(VAR_DIR)
run: ready ## Start the portal with its demonstration (PORT=8000; DEMO=0 for the programme alone)
	@$(PY) scripts/run.py

test: ready-to-change ## Run every test, on SQLite, then on PostgreSQL with Redis, with journeys in Chromium
	@$(PY) scripts/test.py

lint: ready-to-change ## Check style, types, imports, migrations and production settings
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m djlint --lint --quiet templates
	@DEBUG=1 $(PY) -m mypy
	@.venv/bin/lint-imports --no-logo
	@DEBUG=1 $(PY) manage.py makemigrations --check --dry-run
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

bench: ready-to-change ## Measure pages and mail against their aims, beside what is bare or other; needs PostgreSQL and Redis
	@$(PY) benchmarks/run.py

pins: .venv/.made ## Choose and pin the newest dependencies that requirements*.in allow
	@$(PIP) uv
	@$(PY) -m uv pip compile --quiet --upgrade --no-header --no-emit-index-url --no-annotate requirements.in -o requirements.txt
	@$(PY) -m uv pip compile --quiet --upgrade --no-header --no-emit-index-url --no-annotate -c requirements.txt \
		requirements-dev.in -o requirements-dev.txt

clean: ## Remove what was built; the data in var/ stay
	rm -rf .venv node_modules var/assets var/static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

ready: $(VAR_DIR)/static/.built
ready-to-change: .venv/.installed-dev var/assets/.built

.venv/.made:
	@echo "Making .venv"
	@sh scripts/make_venv.sh
	@touch $@

.venv/.installed: requirements.txt | .venv/.made
	@echo "Installing the Python packages of requirements.txt"
	@$(PIP) -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "Installing the Python packages of requirements-dev.txt"
	@$(PIP) -r requirements-dev.txt
	@touch $@

node_modules/.built: package.json package-lock.json .npmrc | .venv/.made
	@echo "Installing the npm packages of package-lock.json"
	@$(PY) scripts/npm.py ci --ignore-scripts --omit=optional --loglevel=error
	@touch $@

var/assets/.built: node_modules/.built $(filter static/scss/%,$(STATIC))
	@echo "Building the CSS"
	@$(PY) scripts/npm.py run build --silent
	@touch $@

# What the npm package brings to build from, which no browser asks for.
SOURCES := scss components core macros *.scss* *.njk *.mts* *.mjs* *.json

# Settings with DEBUG off, so that files get the hashed names by which the web server knows them.
$(VAR_DIR)/static/.built: .venv/.installed var/assets/.built clahrc/settings.py $(STATIC)
	@echo "Collecting static files"
	@SECRET_KEY=only-to-collect-the-static-files DEBUG=0 VAR_DIR="$(VAR_DIR)" $(PY) manage.py collectstatic --noinput --verbosity 0 \
		$(foreach pattern,$(SOURCES),--ignore '$(pattern)')
	@touch $@
