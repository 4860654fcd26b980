# The door for people: `make` alone lists what can be done.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

UV := .tools/uv/bin/uv
RUN_UV := tools/uv.sh
BIN := .venv/bin
PEERS := .tools/peers/.locked
REWORDING := .tools/rewording/.locked
SECURITY := .tools/security/.locked
SECURITY_BIN := .tools/security/bin
PYTEST_ARGS ?=
BENCH_ARGS ?=
SIMULATION_ARGS ?=
STREAM_ARGS ?=
TEETH_ARGS ?=
CHAOS_ARGS ?=
FUZZ_ARGS ?=
ADVISORIES_ARGS ?=
SBOM_EXTRAS := parquet,kafka,postgres,client,jwks,redis,dapr,mcp,llm,objects

# The .venv named below is always the one that is meant, whatever is activated in the caller's shell.
unexport VIRTUAL_ENV
# An advertisement of the theme, and not a finding.
export NO_MKDOCS_2_WARNING := 1

# NO_INSTALL=1 takes .venv as it is, for whoever must not change it.
ifndef NO_INSTALL
RUNTIME := .venv/.runtime
DEV := .venv/.dev
endif

.PHONY: help install demo services services-stop services-status test check format bench bench-stream bench-state bench-api bench-tokens bench-mcp coverage mutation simulation teeth chaos fuzz mcp-clients oulad-stream sbom secrets-baseline docs lock clean distclean

help:  ## List the targets
	@echo 'Mastery Engine: make TARGET'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(DEV)  ## Make .venv with everything for development (idempotent)
	@:

demo: $(RUNTIME)  ## A simulated class through the real pipeline, then what it shows
	@$(BIN)/mastery demo

services: $(DEV)  ## Start Kafka, a schema registry, PostgreSQL, Redis and a Dapr sidecar on loopback, without Docker
	@$(BIN)/python -m tools.services up

services-stop: $(DEV)  ## End them; their data and ports stay, in .services
	@$(BIN)/python -m tools.services stop

services-status: $(DEV)  ## Tell which of them run, and where
	@$(BIN)/python -m tools.services status

# One worker more than there are cores, since many tests wait for servers; who has none left takes over another's.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist worksteal

test: $(DEV)  ## Run all tests; PYTEST_ARGS='-k name' passes on arguments
	@$(PYTEST) $(PYTEST_ARGS)

check: $(DEV)  ## Format, lint, types, import direction, dependencies, generated files, docs, weaknesses, secrets
	@$(MAKE) --keep-going $(CHECKS)
	@echo 'check: all good'

CHECKS := check-format check-lint check-types check-imports check-dependencies check-generated check-docs check-weaknesses check-secrets check-advisories
.PHONY: $(CHECKS)

check-format: $(DEV)
	$(BIN)/ruff format --check .

check-lint: $(DEV)
	$(BIN)/ruff check .

check-types: $(DEV)
	$(BIN)/basedpyright

check-imports: $(DEV)
	$(BIN)/lint-imports

check-dependencies: $(DEV)
	$(BIN)/deptry src

check-generated: $(DEV)
	@if [ -x tools/check_generated.sh ]; then PATH="$(CURDIR)/$(BIN):$$PATH" tools/check_generated.sh; fi

check-docs: $(DEV)
	$(BIN)/mkdocs build --strict --quiet

check-weaknesses: $(SECURITY)
	$(SECURITY_BIN)/bandit --quiet --recursive --severity-level medium --confidence-level medium src tools examples skills

check-secrets: $(SECURITY)
	git ls-files -z | xargs -0 $(SECURITY_BIN)/detect-secrets-hook --baseline .secrets.baseline

check-advisories: $(SECURITY)
	@$(SECURITY_BIN)/python tools/advisories.py $(ADVISORIES_ARGS)

secrets-baseline: $(SECURITY)  ## Take what check-secrets finds now for examples; read the difference before you commit it
	@$(SECURITY_BIN)/detect-secrets scan --slim > .secrets.baseline

sbom: $(SECURITY)  ## What a release and its extras are made of, with licences, as CycloneDX, in dist/sbom.json
	@mkdir -p dist
	@$(RUN_UV) venv --quiet --no-project --clear --python $(BIN)/python .tools/release
	@$(RUN_UV) pip install --quiet --python .tools/release/bin/python --constraints requirements/dev.txt '.[$(SBOM_EXTRAS)]'
	@$(SECURITY_BIN)/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml --of JSON \
		-o dist/sbom.json .tools/release/bin/python
	@echo 'sbom: dist/sbom.json'

format: $(DEV)  ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEV)  ## Measure speed, memory and start-up; BENCH_ARGS passes on arguments
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-stream: $(DEV) $(PEERS)  ## Measure from Kafka to Kafka, beside a raw loop and quixstreams; BENCH_ARGS passes on arguments
	@$(BIN)/python -m benchmarks.stream $(BENCH_ARGS)

bench-state: $(DEV)  ## Measure state in Redis and behind a sidecar, speed and memory; BENCH_ARGS passes on arguments
	@$(BIN)/python -m benchmarks.state $(BENCH_ARGS)

bench-api: $(DEV)  ## Measure the service, on files and on Redis and PostgreSQL; BENCH_ARGS passes on arguments
	@$(BIN)/python -m benchmarks.api $(BENCH_ARGS)

bench-tokens: $(DEV)  ## Count what a language model reads and writes, with our tools and without; BENCH_ARGS passes on arguments
	@$(BIN)/python -m benchmarks.tokens $(BENCH_ARGS)

bench-mcp: $(DEV)  ## How long a call of a tool takes over standard input and output; BENCH_ARGS='--keep' writes the results
	@$(BIN)/python -m benchmarks.mcp $(BENCH_ARGS)

coverage: $(DEV)  ## Line and branch coverage, and its floors (domain and engine 95, all 90)
	@$(BIN)/coverage erase
	@$(PYTEST) --cov --cov-report= $(PYTEST_ARGS)
	@$(BIN)/coverage html --quiet
	@$(BIN)/coverage report --skip-covered --fail-under=90
	@$(BIN)/coverage report --skip-covered --fail-under=95 --include='*/domain/*,*/engine/*'

mutation: $(DEV)  ## Mutation testing of the domain, floor 85 % (long; results in mutants/)
	@$(BIN)/python tools/mutation.py $(MUTATION_ARGS)

simulation: $(DEV)  ## Random histories of processing with every fault (long); SIMULATION_ARGS passes on arguments
	@$(BIN)/python -m tools.simulation $(SIMULATION_ARGS)

teeth: $(DEV)  ## See that those histories notice each clause of the guarantees taken out (long); TEETH_ARGS
	@$(BIN)/python -m tools.simulation.teeth $(TEETH_ARGS)

chaos: $(DEV)  ## Kill, freeze and restart workers on real Kafka under a load, and judge what counted; CHAOS_ARGS
	@$(BIN)/python -m tools.chaos $(CHAOS_ARGS)

fuzz: $(DEV)  ## Ask a real service what nobody would ask on purpose, for 7 minutes; FUZZ_ARGS='--seconds 60 --servers'
	@$(BIN)/python -m tools.fuzz $(FUZZ_ARGS)

mcp-clients: $(DEV)  ## Try the tools for language models with clients of other makers; needs Node.js 20 or newer and npm
	@mkdir -p .tools/mcp-clients
	@cp tools/mcp_clients/*.json tools/mcp_clients/ask.mjs .tools/mcp-clients/
	@cd .tools/mcp-clients && npm ci --silent --no-audit --no-fund
	@$(BIN)/python -m tools.mcp_clients .tools/mcp-clients

oulad-stream: $(DEV)  ## See that OULAD 2014B by way of Kafka and Redis gives the bytes that files give; STREAM_ARGS
	@$(BIN)/python -m tools.oulad_stream $(STREAM_ARGS)

docs: $(DEV)  ## Serve the documentation while it is being written
	@$(BIN)/mkdocs serve

lock: $(UV)  ## Renew the hashed locks; LOCK_ARGS=--upgrade takes newer versions
	@tools/lock.sh $(LOCK_ARGS)
	@$(MAKE) install

clean:  ## Remove what builds and tests leave behind
	@rm -rf site dist build htmlcov mutants .coverage .coverage.* .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean  ## Remove .venv, the bootstrapped tools and the servers' data too
	@if [ -x $(BIN)/python ] && [ -d .services ]; then $(BIN)/python -m tools.services forget; fi
	@rm -rf .venv .tools .services

# --- set-up: .tools/uv by whatever road this machine offers, then .venv from the locks ---------------------------

$(UV): requirements/bootstrap.txt
	@tools/bootstrap.sh uv
	@touch $@

.venv/pyvenv.cfg: | $(UV)
	@tools/bootstrap.sh venv

# Runtime only adds, so that `make demo` never takes the development tools away.
.venv/.runtime: requirements/runtime.txt pyproject.toml .venv/pyvenv.cfg | $(UV)
	@echo 'install: runtime dependencies into .venv'
	@$(RUN_UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/runtime.txt
	@$(RUN_UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

# Other makers' libraries, to be measured beside ours and to talk to us, apart from .venv: they want older ones.
$(PEERS): requirements/peers.txt | $(UV) .venv/pyvenv.cfg
	@echo "install: other makers' libraries into .tools/peers"
	@$(RUN_UV) venv --quiet --no-project --clear --python $(BIN)/python .tools/peers
	@$(RUN_UV) pip install --quiet --python .tools/peers/bin/python --require-hashes -r requirements/peers.txt
	@touch $@

# The server of llama.cpp, 34 MB, which only the tests of rewording talk to.
$(REWORDING): requirements/rewording.txt | $(UV) .venv/pyvenv.cfg
	@echo 'install: a server of language models into .tools/rewording'
	@$(RUN_UV) venv --quiet --no-project --clear --python $(BIN)/python .tools/rewording
	@$(RUN_UV) pip install --quiet --python .tools/rewording/bin/python --require-hashes -r requirements/rewording.txt
	@touch $@

# Apart from .venv too: what looks at our dependencies must not be one of them.
$(SECURITY): requirements/security.txt | $(UV) .venv/pyvenv.cfg
	@echo 'install: what looks for weaknesses into .tools/security'
	@$(RUN_UV) venv --quiet --no-project --clear --python $(BIN)/python .tools/security
	@$(RUN_UV) pip install --quiet --python .tools/security/bin/python --require-hashes -r requirements/security.txt
	@touch $@

.venv/.dev-locked: requirements/dev.txt .venv/pyvenv.cfg | $(UV)
	@echo 'install: development dependencies into .venv'
	@$(RUN_UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	@touch $@

.venv/.dev: .venv/.dev-locked pyproject.toml requirements/runtime.txt
	@$(RUN_UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m compileall -q src
	@touch .venv/.runtime $@
