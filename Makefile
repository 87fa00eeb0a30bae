# Two commands do all the set-up: `make run` and `make test`. Both install into .venv first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
ARGS ?=

.PHONY: run setup test check lock bench

# The stamp is newer than the lock file once everything in it is installed.
$(VENV)/installed: requirements-dev.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Python 3.11 is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# Compiled once here, so that commands start fast even where Python is told not to write bytecode.
setup: $(VENV)/installed
	@$(BIN)/python -m compileall -q config schools indicators evaluation reports

run: setup
	$(BIN)/python manage.py migrate --noinput --verbosity 0
	$(BIN)/python manage.py load_register
	$(BIN)/python manage.py load_standard
	$(BIN)/python manage.py demo
	$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	$(BIN)/python manage.py serve --port $(PORT)

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: setup
	$(BIN)/python benchmarks/kernel.py
	$(BIN)/python benchmarks/judge_command.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/annotate.py
	$(BIN)/python benchmarks/intake.py
	$(BIN)/python benchmarks/official_tables.py
	$(BIN)/python benchmarks/events.py
	$(BIN)/python benchmarks/explain.py
	$(BIN)/python benchmarks/charts.py

# Extras stay in the lock: without them pip looks for the newest release of "coverage[toml]" and finds no hash for it.
lock:
	uv pip compile --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate pyproject.toml -o requirements.lock
	uv pip compile --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate --extra dev pyproject.toml -c requirements.lock -o requirements-dev.lock
