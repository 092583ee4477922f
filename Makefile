# Everything a person does with the project. A fresh machine needs Python 3.11, make and the package registry only.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
ARGS ?=

.PHONY: demo run test coverage check bench fuzz crash crash-nodes soak docs clean

# Two whole claims over real SMTP and HTTP, then a service to look at until Ctrl-C (ARGS=--exit ends instead).
demo: $(VENV)/.run
	$(BIN)/python -m mailbot.demo $(ARGS)

# The service, with mailbot.toml if there is one, else the embedded defaults under var/.
run: $(VENV)/.run
	$(BIN)/mailbot serve $(ARGS)

test: $(VENV)/.dev
	$(BIN)/pytest -n 2 --dist loadscope $(ARGS)

# The suite again with every line and branch counted: two and a half times as slow, so not part of each run. Then the
# rooms in which nothing may be lost, each with its goal; ARGS="tests/store tests/engine" counts what those alone reach.
coverage: $(VENV)/.dev
	$(BIN)/pytest -n 2 --dist loadscope --cov --cov-report=term $(ARGS)
	$(BIN)/python tests/rooms_covered.py

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Mutated mails through the reader: ARGS="how-many seed"; the same seed gives the same mails again.
fuzz: $(VENV)/.dev
	$(BIN)/python tests/inbound_mime/fuzz_mail.py $(or $(ARGS),20000 1)

# The service killed at every failpoint and at random, under load, then its promises checked: ARGS="--seconds 600 --seed 7".
crash: $(VENV)/.dev
	$(BIN)/python tests/crash/crash_loop.py $(ARGS)

# Several nodes on a PostgreSQL of their own: ARGS="--messages 20000 --kills 30"
crash-nodes: $(VENV)/.dev
	$(BIN)/python tests/crash/crash_nodes.py $(ARGS)

# Random lives of claims, many and long: ARGS="lives steps". A life that fails is printed as the steps that lead there.
soak: $(VENV)/.dev
	MAILBOT_SOAK="$(or $(ARGS),200 50)" $(BIN)/pytest tests/engine/test_engine_machine.py -p no:xdist -q --timeout 0 \
		--hypothesis-profile=search

# The goals of docs/performance.md beside the baselines it runs; asserts nothing. ARGS=--quick, ARGS="--claims 1000000 scale".
bench: $(VENV)/.dev
	$(BIN)/python -m bench $(ARGS)

# The pages as a site to read offline, from site/index.html; a link that leads nowhere fails.
docs: $(VENV)/.dev
	$(BIN)/mkdocs build --quiet $(ARGS)

clean:
	rm -rf $(VENV) site .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@
