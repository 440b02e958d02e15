# Two commands do everything on a machine with Rust, Python 3.11 and Node 20:
#   make demo   builds what it needs and runs the flights project, in Rust, Python and Node
#   make test   installs what the tests need and runs them all: Rust, Python, Node
# Build products live outside the clone, so that every clone shares one build of DataFusion.

CACHE            ?= $(HOME)/.cache/rat
CARGO_TARGET_DIR ?= $(CACHE)/target
export CARGO_TARGET_DIR

PYTHON       ?= python3
REQUIREMENTS := tests/requirements.txt
# A new list of requirements is a new environment: an old one is never half right.
VENV         := $(CACHE)/venv-$(shell cat $(REQUIREMENTS) | cksum | cut -d' ' -f1)
VENV_PYTHON  := $(VENV)/bin/python
# Spark runs where Java is.
SPARK_VENV   := $(if $(shell command -v java),$(CACHE)/spark-$(shell cat tests/requirements-spark.txt | cksum | cut -d' ' -f1))
PEERS_VENV   := $(CACHE)/peers-$(shell cat benches/peers/requirements.txt | cksum | cut -d' ' -f1)
PROJECTS_VENV := $(CACHE)/projects-$(shell cat benches/peers/requirements-projects.txt | cksum | cut -d' ' -f1)
DOCS_VENV    := $(CACHE)/docs-$(shell cat docs/requirements.txt | cksum | cut -d' ' -f1)
SITE         ?= $(CACHE)/site
DEBUG        := $(CARGO_TARGET_DIR)/debug
BENCH        := $(CACHE)/bench

export RAT_TEST_PYTHON := $(VENV_PYTHON)
export RAT_TEST_SPARK := $(if $(SPARK_VENV),$(SPARK_VENV)/bin/python)

.PHONY: demo test torture test-rust test-python test-node build wheel npm lint docs docs-site bench bench-engine bench-bindings release clean help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

build: ## Build the library, both bindings, the examples and the tests
	cargo build --workspace --all-targets
	@install -m 755 $(DEBUG)/librat_py.so rat-py/python/rat/_rat.abi3.so
	@install -m 755 $(DEBUG)/librat_node.so rat-node/rat.node

wheel: build $(VENV)/ready ## Pack what `build` made as a wheel of this machine, and say how it is installed
	$(VENV_PYTHON) rat-py/pack.py $(DEBUG)/librat_py.so $(CACHE)/wheels

npm: build ## Pack what `build` made as an npm package of this machine, and say how large it is
	@mkdir -p $(CACHE)/npm
	@strip -x rat-node/rat.node
	cd rat-node && npm pack --silent --pack-destination $(CACHE)/npm
	@du -h $(CACHE)/npm/*.tgz

demo: build ## Run the flights project from landed files to a printed answer, in three languages
	@echo "== Rust ==" && $(DEBUG)/flights
	@echo && echo "== Python ==" && PYTHONPATH=$(CURDIR)/rat-py/python $(PYTHON) examples/python/flights.py
	@echo && echo "== Node ==" && node examples/node/flights.mjs

test: test-rust test-python test-node ## Install what the tests need and run them all

test-rust: build $(VENV)/ready $(if $(SPARK_VENV),$(SPARK_VENV)/ready)
	cargo test --workspace

torture: build $(VENV)/ready $(if $(SPARK_VENV),$(SPARK_VENV)/ready) ## Run the tests that draw from chance for hours: 10,000 steps of the models, 1,000 rounds of each race, 200 kills
	RAT_MODEL_STEPS=10000 RAT_RACE_ROUNDS=1000 RAT_KILLS=200 RAT_FAULT_STRIDE=1 \
		cargo test -p rat-core -p tests --tests -- merge::model merge::versions merge::rebuild merge::race crash run::together

test-python: build $(VENV)/ready
	PYTHONPATH=$(CURDIR)/rat-py/python $(VENV_PYTHON) -m pytest -q rat-py/tests

test-node: build rat-node/node_modules/ready
	cd rat-node && npm test --silent

$(VENV)/ready: $(REQUIREMENTS)
	$(PYTHON) -m venv $(VENV)
	$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	@touch $@

$(SPARK_VENV)/ready: tests/requirements-spark.txt
	$(PYTHON) -m venv $(SPARK_VENV)
	$(SPARK_VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements-spark.txt
	@touch $@

rat-node/node_modules/ready: rat-node/package-lock.json
	cd rat-node && npm install --silent --no-save --no-audit --no-fund
	@touch $@

$(PEERS_VENV)/ready: benches/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS_VENV)
	$(PEERS_VENV)/bin/pip install --quiet --disable-pip-version-check -r benches/peers/requirements.txt
	@touch $@

$(PROJECTS_VENV)/ready: benches/peers/requirements-projects.txt
	$(PYTHON) -m venv $(PROJECTS_VENV)
	$(PROJECTS_VENV)/bin/pip install --quiet --disable-pip-version-check -r benches/peers/requirements-projects.txt
	@touch $@

$(DOCS_VENV)/ready: docs/requirements.txt
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/pip install --quiet --disable-pip-version-check -r docs/requirements.txt
	@touch $@

lint: $(VENV)/ready rat-node/node_modules/ready docs-site ## Check format and lints of all three languages
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(VENV_PYTHON) -m ruff check rat-py examples tests benches docs
	$(VENV_PYTHON) -m ruff format --check rat-py examples tests benches docs
	cd rat-node && npx tsc --noEmit

docs-site: $(DOCS_VENV)/ready ## Build the documentation site; a link that leads nowhere fails it
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --quiet --strict --site-dir $(SITE)

docs: ## Write the generated pages and snapshots anew; read the diff
	RAT_UPDATE=1 cargo test --workspace
	node rat-node/types.mjs
	$(PYTHON) rat-py/words.py
	$(PYTHON) docs/site/parity.py

bench: bench-engine ## Measure rat beside its references; prints ratios (compiles the release profile first)
	@$(MAKE) --no-print-directory bench-bindings

bench-engine: $(PEERS_VENV)/ready $(PROJECTS_VENV)/ready ## Measure the library beside other engines; BENCHES=merge: those alone whose name holds it
	RAT_PEERS_PYTHON=$(PEERS_VENV)/bin/python RAT_PEERS_PROJECTS=$(PROJECTS_VENV)/bin/python cargo run --release -p benches -- $(BENCHES)

bench-bindings: release $(VENV)/ready ## Measure the bindings as they are published: rows without a copy, streams, the event loop, starting
	@rm -rf $(BENCH) && mkdir -p $(BENCH)/node
	@cp -r rat-py/python $(BENCH)/python
	@cp -r rat-node/index.js rat-node/index.mjs rat-node/lib rat-node/package.json $(BENCH)/node
	@install -m 755 $(CARGO_TARGET_DIR)/dist/librat_py.so $(BENCH)/python/rat/_rat.abi3.so
	@install -m 755 $(CARGO_TARGET_DIR)/dist/librat_node.so $(BENCH)/node/rat.node
	PYTHONPATH=$(BENCH)/python $(VENV_PYTHON) benches/bindings/bench.py
	node benches/bindings/bench.mjs $(BENCH)/node

release: $(VENV)/ready ## Build what is published, optimised, thin LTO, and say how large it is; over 60 MB packed fails it
	cargo build --profile dist -p rat-py -p rat-node
	$(VENV_PYTHON) benches/bindings/size.py $(CARGO_TARGET_DIR)/dist

clean: ## Remove what builds left inside the clone
	rm -rf rat-node/node_modules rat-node/rat.node rat-py/python/rat/_rat.abi3.so
