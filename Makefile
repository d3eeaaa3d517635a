# Everything that this file does starts from Python 3.11 and make alone.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
# Bytecode is kept, whatever the environment says: else each worker and each bot compiles the house anew.
TESTS := PYTHONDONTWRITEBYTECODE= $(PY) -m pytest --numprocesses 4 --dist worksteal
# Those whose SQL differs most for the time that they take there.
ON_POSTGRES := $(addprefix tests/, test_engine.py test_review.py test_rounds.py test_measuring.py test_budgets.py \
	test_keeping.py test_home.py test_bulk_rows.py value/test_rows.py quotes/test_customers.py knowledge/test_follows_slack.py)

.PHONY: demo run test test-postgres coverage check fix lock bench pictures evals audit manifest docker

.venv/runtime: requirements.txt
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes --requirement requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@touch .venv/runtime $@

demo: .venv/runtime ## a local Slack and a local model; EXPORT=folder-or-zip loads a Slack export
	@$(PY) -m bot demo $(if $(EXPORT),--export "$(EXPORT)") $(if $(DEMO_PORT),--port $(DEMO_PORT))

run: .venv/runtime ## the bot, with the settings in .env
	@$(PY) -m bot

test: .venv/dev ## all tests
	@$(TESTS)

test-postgres: .venv/dev ## a file of tests of most rooms once more, with PostgreSQL behind every bot; a minute
	@TEST_STORE=postgres $(TESTS) $(ON_POSTGRES)

coverage: .venv/dev ## all tests with branch coverage, which takes twice as long; what CI runs
	@$(TESTS) --cov --cov-report=term

check: .venv/dev ## what CI checks besides the tests
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

fix: .venv/dev ## format, and repair what the linter can
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

manifest: .venv/runtime ## write manifest.json anew from the task files
	@$(PY) -m bot manifest > manifest.json

bench: .venv/dev ## the figures, side by side; prints a table
	@$(PY) -m tests.bench

pictures: .venv/dev ## the pictures of the pages, light and dark; PICTURES="quote home" takes only some
	@$(PY) -m tests.browser.pictures $(PICTURES)

evals: .venv/dev ## grade the prompts with real models; costs money, says how much first (docs/evals.md)
	@$(PY) -m tests.evals

lock: .venv/dev ## pin every package anew, with hashes and without an index address
	@$(PIP) install uv
	@.venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url --no-strip-extras --no-header --quiet --output-file requirements.txt
	@.venv/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url --no-strip-extras --no-header --quiet --output-file requirements-dev.txt

audit: .venv/dev ## known vulnerabilities in what we pin (needs the internet)
	@$(PIP) install pip-audit
	@.venv/bin/pip-audit --requirement requirements.txt --require-hashes

docker:
	@docker build --tag tijdwinst .
