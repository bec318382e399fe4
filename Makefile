# Everything that is run by hand, with the set-up that it needs. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# The tests start hundreds of Python processes: where the environment forbids to keep bytecode, each compiles everything again.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
ARGS ?=
CI ?=

VENV := .venv/.ready
DOCS := .tools/docs/.ready
MINISTACK := .tools/ministack/.ready
DYNAMODB_LOCAL_PACKAGE := amplify-dynamodb-simulator@2.9.30
DYNAMODB_LOCAL_SHA512 := c5379e44bbf311fab2779961ddb1f8734907bd21c79a6843e590ec1c5280439836665e89aa515dbad6908422c7cf1129e91cb5a3b4c1ea7888a17b9002749ec1
DYNAMODB_LOCAL := .tools/dynamodb-local/.ready-$(DYNAMODB_LOCAL_PACKAGE)
# DynamoDB Local runs on Java and is fetched with npm; without either one the rest still works.
CAN_DYNAMODB_LOCAL := $(and $(shell command -v npm),$(shell command -v java))
AXE_PACKAGE := axe-core@4.14.1
AXE_SHA512 := 1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
AXE := .tools/axe-core/.ready-$(AXE_PACKAGE)
TYPESCRIPT := .tools/typescript/.ready
NODE := .tools/typescript/node_modules/.bin
API_TYPES := .tools/console/api.d.ts
# The console's tests need Chromium, which set-up installs where it may, and axe-core, which comes from npm.
HAS_CHROMIUM := $(or $(shell command -v chromium),$(shell command -v chromium-browser))
CHROMIUM := $(if $(HAS_CHROMIUM),,$(if $(shell command -v apt-get >/dev/null && test "$$(id -u)" = 0 && echo root),chromium))
# The seconds after which set-up says again that it lives: once in six where nobody sits at a terminal.
TICK := 5
TOOLS := $(VENV) $(MINISTACK) $(if $(CAN_DYNAMODB_LOCAL),$(DYNAMODB_LOCAL)) $(if $(shell command -v npm),$(AXE) $(TYPESCRIPT)) $(CHROMIUM)

LINT := .tools/lint/.ready
PIP := -m pip --disable-pip-version-check install -qq --no-deps --no-compile
HASHES := infrastructure/hashes
PIP_FILE := $(PIP) --require-hashes -r $(HASHES)
UV := .tools/uv/.ready
# What comes from npm by name is compared with its SHA-512, before any of it is run.
SHA512 = $(PYTHON) -c 'import hashlib, sys; found = hashlib.sha512(open(sys.argv[1], "rb").read()).hexdigest(); sys.exit(found != sys.argv[2])'
PYTEST := .venv/bin/python -m pytest -n 2
# Much of the gate waits for processes, so three workers keep two cores busy; who runs dry takes work from the others.
GATE := .venv/bin/python -m pytest -n 3 --dist worksteal
QUICK := tests/unit tests/sandbox $(addprefix tests/api/test_,main_job.py leases.py claim.py repeats.py)

BENCHMARKS := $(addprefix bench-,requests cold units size latency throughput content)

.PHONY: help setup run local quick test chaos check console openapi hashes fuzz import-10000 docs newcomer bench house simulate $(BENCHMARKS) clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup:  ## install .venv and .tools, if they are missing or out of date
	@( n=0; while sleep $(TICK) >/dev/null 2>&1; do n=$$((n + $(TICK))); \
	     if test -t 2; then printf '\rset-up: %d s … ' $$n >&2; \
	     elif test $$((n % (6 * $(TICK)))) = 0; then echo "set-up: $$n s …" >&2; fi; done ) & \
	   trap "kill $$! 2>/dev/null" EXIT; $(MAKE) -s -j 3 $(TOOLS)
	@$(if $(CAN_DYNAMODB_LOCAL),:,echo "set-up: no DynamoDB Local (it needs java and npm); what runs on it is skipped" >&2)

run: setup  ## run the whole service with a sample agency and bots, e.g. make run ARGS=--until-done
	@exec .venv/bin/python -m warmup dev $(ARGS)

local: setup  ## run `chalice local` on moto, with tables, a key and an account, e.g. make local ARGS='--port 9000'
	@exec .venv/bin/python -m warmup.sandbox.local $(ARGS)

quick: setup check  ## format, lint, types, import contracts and the fast tests, under a minute
	$(PYTEST) -m "not engine" $(QUICK)

test: setup $(LINT) $(DOCS) check  ## the whole gate: what CI runs
	@$(if $(CAN_DYNAMODB_LOCAL),:,$(if $(CI),echo "java and npm are missing: the suites on DynamoDB Local cannot run"; exit 1,echo "SKIPPED: the suites on DynamoDB Local (java and npm are missing)"))
	$(GATE)

chaos: setup  ## the long reliability tests, with tables of what they tried
	$(PYTEST) -m long tests/chaos $(ARGS)

check: setup
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	@$(MAKE) -s console

console: setup  ## format, lint and type-check the console, as make check does; make console ARGS=--write corrects it
	@if test -f $(TYPESCRIPT); then $(MAKE) -s $(API_TYPES) \
	      && $(NODE)/biome check --config-path=infrastructure/console $(ARGS) chalicelib/console \
	      && $(NODE)/tsc -p infrastructure/console; \
	 else echo "SKIPPED: the checks of the console (they need npm)" >&2; test -z "$(CI)"; fi

$(API_TYPES): chalicelib/docs/openapi.json $(TYPESCRIPT)
	@mkdir -p $(@D) && $(NODE)/openapi-typescript $< --output $@ --default-non-nullable=false >/dev/null

openapi: setup  ## generate OpenAPI, the error pages, the typed client and the reference pages
	.venv/bin/python -m infrastructure.openapi
	.venv/bin/python -m infrastructure.client
	.venv/bin/python -m infrastructure.reference

hashes: setup $(UV)  ## write the hashes of all pinned requirements beside them, after a pin was changed
	.venv/bin/python -m infrastructure.pins

fuzz: setup  ## fuzz every operation of the sandbox for some minutes
	WARMUP_FUZZ_EXAMPLES=50 .venv/bin/python -m pytest -s tests/sandbox/test_fuzz.py

import-10000: setup  ## import 10,000 accounts with 50 bad rows from the command line, twice
	WARMUP_IMPORT_ROWS=10000 .venv/bin/python -m pytest tests/sandbox/test_commands.py -k test_an_import_keeps --durations=1

bench:  ## print all measurements, about 15 minutes; or bench-requests, -cold, -units, -size, -latency, -throughput, -content
	@for one in $(BENCHMARKS); do echo; echo "== $$one"; $(MAKE) -s $$one; done

$(BENCHMARKS): bench-%: setup
	.venv/bin/python -m benchmarks.$* $(ARGS)

house: setup  ## print how large and how tangled the code is, with the hops of each request
	.venv/bin/python -m benchmarks.house $(ARGS)

simulate: setup  ## simulate twelve days of many accounts with the real rules, e.g. make simulate ARGS='--accounts 1000000 --bots 1500 --models 1000'
	.venv/bin/python -m benchmarks.simulate $(ARGS)

.PHONY: package deploy destroy operator-key restore upgrade
STAGE ?=
SET ?=
FROM ?=
ONLY ?=

package: setup  ## build and verify out/STAGE/ (zip and template), e.g. make package STAGE=dev
	.venv/bin/python -m infrastructure.package --stage $(or $(STAGE),dev) $(ARGS)

deploy: setup  ## package and deploy a stage, e.g. make deploy STAGE=dev SET="AlarmEmail=me@example.org"
	@$(if $(STAGE),:,echo "which stage? make deploy STAGE=dev (or prod)" >&2; exit 2)
	.venv/bin/python -m infrastructure.deploy up --stage $(STAGE) $(foreach one,$(SET),--set $(one))

destroy: setup  ## delete a stage, e.g. make destroy STAGE=dev
	@$(if $(STAGE),:,echo "which stage? make destroy STAGE=dev (or prod)" >&2; exit 2)
	.venv/bin/python -m infrastructure.deploy down --stage $(STAGE)

restore: setup  ## copy restored tables into a stage: make restore STAGE=prod FROM=restored- ONLY=account
	@$(if $(and $(STAGE),$(FROM)),:,echo "which stage, from which tables? make restore STAGE=prod FROM=restored-" >&2; exit 2)
	.venv/bin/python -m infrastructure.restore --stage $(STAGE) --source $(FROM) $(if $(ONLY),--only $(ONLY))

upgrade: setup  ## bring what the tables hold into the shape of this release: make upgrade STAGE=prod
	@$(if $(STAGE),:,echo "which stage? make upgrade STAGE=dev (or prod)" >&2; exit 2)
	.venv/bin/python -m infrastructure.upgrade --stage $(STAGE)

operator-key: setup  ## create an operator and show the key once: make operator-key STAGE=dev NAME=ada
	@$(if $(STAGE),:,echo "which stage? make operator-key STAGE=dev NAME=ada" >&2; exit 2)
	@.venv/bin/python -m infrastructure.operator_key --stage $(STAGE) --name $(or $(NAME),operator)

docs: setup $(DOCS)  ## build the documentation site: out/docs/index.html
	NO_MKDOCS_2_WARNING=1 .tools/docs/bin/mkdocs build --quiet
	@echo "out/docs/index.html"

newcomer: ## follow README and quickstart in a fresh clone, and time it
	WARMUP_NEWCOMER=whole .venv/bin/python -m pytest -rs tests/sandbox/test_newcomer.py --durations=1

clean:  ## remove everything that setup, tests and runs created
	rm -rf .venv .tools out build service/build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV): requirements.txt requirements-dev.txt service/pyproject.toml
	@$(if $(PYTHON),:,echo "set-up: Python 3.11 or newer is needed" >&2; exit 1)
	@echo "set-up: .venv (service, tests, tools) …" >&2
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/python $(PIP_FILE)/requirements.txt -r $(HASHES)/requirements-dev.txt
	@.venv/bin/python $(PIP) --no-build-isolation -e . -e ./service
	@.venv/bin/python -m pip --disable-pip-version-check check -q
	@touch $@
	@echo "set-up: .venv is ready" >&2

$(UV): infrastructure/uv.txt
	@$(PYTHON) -m venv --clear .tools/uv
	@.tools/uv/bin/python $(PIP_FILE)/infrastructure-uv.txt
	@touch $@

$(DOCS): docs/requirements.txt
	@echo "set-up: MkDocs …" >&2
	@$(PYTHON) -m venv --clear .tools/docs
	@.tools/docs/bin/python $(PIP_FILE)/docs-requirements.txt
	@touch $@

$(MINISTACK): warmup/sandbox/ministack.txt
	@$(if $(PYTHON),:,echo "set-up: Python 3.11 or newer is needed" >&2; exit 1)
	@echo "set-up: MiniStack, the sandbox's DynamoDB and S3 …" >&2
	@$(PYTHON) -m venv --clear .tools/ministack
	@.tools/ministack/bin/python $(PIP_FILE)/warmup-sandbox-ministack.txt
	@touch $@
	@echo "set-up: MiniStack is ready" >&2

$(LINT): infrastructure/lint.txt
	@echo "set-up: cfn-lint and checkov …" >&2
	@$(PYTHON) -m venv --clear .tools/lint
	@.tools/lint/bin/python $(PIP_FILE)/infrastructure-lint.txt
	@touch $@
	@echo "set-up: cfn-lint and checkov are ready" >&2

$(DYNAMODB_LOCAL):
	@echo "set-up: DynamoDB Local …" >&2
	@if ( rm -rf .tools/dynamodb-local && mkdir -p .tools/dynamodb-local && cd .tools/dynamodb-local \
	      && npm pack --silent $(DYNAMODB_LOCAL_PACKAGE) >/dev/null && $(SHA512) *.tgz $(DYNAMODB_LOCAL_SHA512) \
	      && tar xzf *.tgz --strip-components=2 package/emulator && rm -f *.tgz && test -f DynamoDBLocal.jar ); \
	then touch $@; echo "set-up: DynamoDB Local is ready" >&2; \
	else rm -rf .tools/dynamodb-local; echo "set-up: DynamoDB Local could not be fetched; what runs on it is skipped" >&2; \
	     test -z "$(CI)"; fi

.PHONY: screenshots bench-console
screenshots: setup  ## update docs/console/*.png from a sample agency
	.venv/bin/python -m tests.browser.screenshots

bench-console: setup  ## measure the console with 10,000 accounts in Chromium
	.venv/bin/python -m benchmarks.console $(ARGS)

.PHONY: chromium
chromium:
	@echo "set-up: Chromium, for the console's tests …" >&2
	@apt-get update -qq >/dev/null 2>&1 || true
	@apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 \
	 || { echo "set-up: Chromium could not be installed; the console's tests are skipped" >&2; test -z "$(CI)"; }

$(AXE):
	@echo "set-up: axe-core, for the console's tests …" >&2
	@if ( rm -rf .tools/axe-core && mkdir -p .tools/axe-core && cd .tools/axe-core \
	      && npm pack --silent $(AXE_PACKAGE) >/dev/null && $(SHA512) *.tgz $(AXE_SHA512) \
	      && tar xzf *.tgz --strip-components=1 package/axe.min.js package/LICENSE && rm -f *.tgz ); \
	then touch $@; echo "set-up: axe-core is ready" >&2; \
	else rm -rf .tools/axe-core; echo "set-up: axe-core could not be fetched; what needs it is skipped" >&2; \
	     test -z "$(CI)"; fi

$(TYPESCRIPT): $(wildcard infrastructure/typescript/*.json)
	@echo "set-up: openapi-typescript, TypeScript and Biome …" >&2
	@if ( rm -rf .tools/typescript && mkdir -p .tools/typescript && cp $^ .tools/typescript \
	      && cd .tools/typescript && npm ci --silent --no-audit --no-fund --ignore-scripts ); \
	then touch $@; echo "set-up: openapi-typescript, TypeScript and Biome are ready" >&2; \
	else rm -rf .tools/typescript; echo "set-up: openapi-typescript, TypeScript and Biome could not be fetched; what needs them is skipped" >&2; \
	     test -z "$(CI)"; fi
