# What people type. `make` alone lists it.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# It keeps Python from writing byte code, which doubles every cold start.
unexport PYTHONDONTWRITEBYTECODE
# A virtual environment that the caller has active is not the one meant here.
unexport VIRTUAL_ENV

VENV := .venv
BIN := $(VENV)/bin
# The newest Python that is in bounds and starts (a version manager's shim may exist and not start).
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& command -v $$p && break; done)

DEMO_HOME := .variorum/demo
DEMO := run --dataset demo --inbox pipelines/demo/inbox --home $(DEMO_HOME)
N ?= 1000000
FUZZ ?= 5000
ARGS ?=
# Tests that run at once: as many as there are cores, and never fewer than two.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); [ "$$n" -gt 2 ] && echo "$$n" || echo 2)

COMPILE = $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	--only-binary :all: --custom-compile-command 'make lock'

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r target text; do printf '  make %-8s %s\n' "$$target" "$$text"; done

.PHONY: install
install: $(VENV)/.installed ## Make the environment .venv from requirements.lock, hashes checked

.PHONY: demo
demo: install ## From nothing to a published release, on the exports in the repo
	$(BIN)/variorum $(DEMO)

.PHONY: test
test: install ## Run every test (ARGS='-k words' for some)
	$(BIN)/pytest -n $(JOBS) --dist loadgroup $(ARGS)

.PHONY: fuzz
fuzz: install ## Break generated exports and land them (FUZZ=5000 a property)
	FUZZ=$(FUZZ) $(BIN)/pytest -n $(JOBS) --dist loadgroup --hypothesis-profile=fuzz --hypothesis-show-statistics \
		tests/properties/test_exports.py $(ARGS)

.PHONY: mutants
mutants: install ## Check the checks: which law catches which mutant (ARGS='--only voting' for some)
	$(BIN)/python -m expectations.mutants $(ARGS)

.PHONY: faults
faults: install ## Kill, race and disturb publishers, on a folder and a real S3 server (docs/reliability.md)
	$(BIN)/python -m tests.faults $(ARGS)

.PHONY: lint
lint: install ## Check style, types and SQL, and prove the models (law 8)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt_project/models
	$(BIN)/python -m pipelines.static_proof

.PHONY: format
format: install ## Put Python and SQL into their form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/sqlfluff fix dbt_project/models

.PHONY: bench
bench: install ## Time and memory of each step (N=1000000 judgments; ARGS='--only ingest' for ingest)
	$(BIN)/python -m pipelines.bench $(N) $(ARGS)

.PHONY: ui
ui: install ## Start the Dagster UI on 127.0.0.1
	$(BIN)/variorum ui

.PHONY: clean
clean: ## Remove what builds, caches and the demo left; no other data
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		dbt_project/target dbt_project/logs $(DEMO_HOME)
	find pipelines assets expectations tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The bootstrap lock is cut out of the big one: uv has one version, stated once.
.PHONY: lock
lock: $(VENV)/.bootstrapped ## Write the locks anew (ARGS=--upgrade for newer versions)
	$(COMPILE) --universal --python-version 3.11 --group dev $(ARGS) -o requirements.lock pyproject.toml
	echo uv | $(COMPILE) --universal --python-version 3.11 --no-annotate -c requirements.lock \
		-o requirements-bootstrap.lock -

# Prints the Python that install would take, or says that there is none.
.PHONY: python
python:
	@test -n '$(PYTHON)' || { echo 'make: no Python >= 3.11, < 3.14 among python3.13, python3.12, python3.11, python3, python.' \
		'Install one, or name it: make install PYTHON=/path/to/python' >&2; exit 1; }
	@echo '$(PYTHON)'

$(VENV)/.bootstrapped: requirements-bootstrap.lock
	@$(MAKE) python >/dev/null
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements-bootstrap.lock
	@touch $@

# uv does not read pip's settings: where packages come only from a mirror that pip knows, pip does the same, slower.
$(VENV)/.installed: $(VENV)/.bootstrapped requirements.lock pyproject.toml
	$(BIN)/uv pip sync --python $(BIN)/python --require-hashes --only-binary :all: --compile-bytecode requirements.lock || \
		$(BIN)/python -m pip install --no-deps --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --offline --no-deps --no-build-isolation --editable .
	@touch $@
