# Two commands are all a newcomer needs: `make demo` and `make test`. Each works alone from a fresh clone.
PYTHON ?= python3
BIN := .venv/bin
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_BUILD_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
JOBS ?= 2
# What is installed beside the library; `make check EXTRAS=dev,interop` tests the readers of other libraries, too.
EXTRAS ?= dev
NATIVE := $(wildcard native/*.[ch]pp native/*/*.[ch]pp)
# The tests' processes share the cores already.
test slow: export OPENBLAS_NUM_THREADS = 1
# Compiled tests are kept, whatever the environment says: compiling them takes each process half of its start.
test slow: export PYTHONDONTWRITEBYTECODE =

.PHONY: install demo explore atlas paper margins test slow fuzz check format lint types imports docs clean web web-check

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt native/CMakeLists.txt $(NATIVE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "minnorm needs Python >= 3.11; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	@touch $@

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

test: install
	$(BIN)/python -m pytest --numprocesses $(JOBS)

slow: install
	$(BIN)/python -m pytest --numprocesses $(JOBS) -m slow

# Random problems, made-up proofs and wrong arguments, seeded: up to SECONDS each. See tests/fuzz/README.md.
SECONDS ?= 600
SEED ?= 0

fuzz: export OPENBLAS_NUM_THREADS = 1
fuzz: install
	$(BIN)/python tests/fuzz/certificates.py --seconds $(SECONDS) --seed $(SEED) --workers $(JOBS)
	$(BIN)/python tests/fuzz/certificates.py --claims --seconds $(SECONDS) --seed $(SEED) --workers $(JOBS)
	$(BIN)/python tests/fuzz/arguments.py --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/python tests/fuzz/inputs.py --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/python tests/fuzz/bounds.py --seconds $(SECONDS) --seed $(SEED)

check: lint types imports web-check test docs

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(NATIVE)

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(NATIVE)

types: install
	$(BIN)/pyright

imports: install
	$(BIN)/lint-imports

docs: install
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
