# Every check has one definition, here; CI and people call the same. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
# A newcomer's tests: what is decided and what is shown, without broker, server or hardware.
QUICK := tests/unit/shared tests/unit/upskeep/text tests/unit/upskeep/runner tests/unit/upskeep/test_cli.py \
  $(addprefix tests/unit/event_processor/test_, battery.py catalogue.py level.py power.py process.py) \
  $(addprefix tests/unit/alerter/test_, notify.py states.py trace.py window.py)

.PHONY: kafka home-assistant wheel upgrade home boot arm64 timelines climate help setup influxd2 node-tools run test test-quick check fmt docs bench crash fleet-crash fleet-away fuzz lock sbom audit clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## set up .venv with everything, as locked

$(BIN)/uv: # before the first lock there is none to set up by
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Upskeep needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	@echo 'setting up .venv: this takes about a minute, and only the first time'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=26'
	@echo 'installing the packages of requirements.lock'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock --group dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e . 2>/dev/null
	@echo '.venv is ready'
	@touch $@

.venv/.oracles: .venv/.ready
	@echo 'installing what the tests compare with'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock --group oracles
	@touch $@

influxd2: $(BIN)/influxd2 ## build InfluxDB 2 for the tests, from its Go module (needs Go, Rust and some minutes)

$(BIN)/influxd2: | .venv/.ready
	@bash tests/support/influx/influxd2.sh v2.7.12 $@

kafka: .venv/kafka/.ready ## fetch Kafka's jars for the tests of the fleet (needs Maven; they run on Java 17)

.venv/kafka/.ready: tests/support/kafka_jars.sh | .venv/.ready
	@bash tests/support/kafka_jars.sh .venv/kafka
	@touch $@

node-tools: .venv/node/.ready ## install from npm what tests hold the flows and the AsyncAPI document against (Node.js 20)

.venv/node/.ready: | .venv/.ready
	@npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional --prefer-offline --no-package-lock \
	  --prefix .venv/node node-red@4.1.15 @asyncapi/parser@3.6.6
	@touch $@

home-assistant: setup .venv/.oracles .venv/home-assistant/.ready ## walk the suite through a real Home Assistant, installed from PyPI (needs Python 3.13); ARGS="--picture FILE"
	@$(BIN)/python -m tests.home_assistant $(ARGS)

.venv/home-assistant/.ready: tests/home_assistant/install.sh | .venv/.ready
	@bash tests/home_assistant/install.sh .venv/home-assistant

run: setup ## run the whole suite on this machine; ARGS="--source sim:outage --speed 10"
	@exec $(BIN)/upskeep run $(ARGS)

test-quick: setup ## for a newcomer: the unit tests of the pure cores and the command line, a few minutes
	@$(BIN)/python -m pytest -n auto -q -r fE $(QUICK) $(ARGS)

test: setup .venv/.oracles ## for who changes code: every test, about twenty minutes on two cores; ARGS="-k name"
	@$(BIN)/python -m pytest -n auto $(ARGS)

check: setup ## format, lint, types, import contracts, freshness of generated docs
	@$(BIN)/ruff format --check --quiet . || { echo 'not formatted: run `make fmt`'; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.docs --check

fmt: setup ## format the code and mend what can be mended
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

docs: setup ## write the generated pages anew
	@$(BIN)/python -m tools.docs

bench: setup ## speed, latency, memory and writes of the live suite as one table; ARGS="--calm"
	@$(BIN)/python -m tools.bench $(ARGS)

crash: setup ## kill and cut the live suite under load; ARGS="--seed 1 --seconds 90 --kills-per-minute 60"
	@$(BIN)/python -m tests.crash $(ARGS)

fleet-crash: setup ## kill log, database, workers and uplinks of a fleet under load; ARGS="--seed 1 --seconds 90 --nodes 3" (make kafka; PostgreSQL)
	@$(BIN)/python -m tests.fleet_crash $(ARGS)

fleet-away: setup ## keep the log away from a real site for fourteen days of a recording, and compare what comes then (make kafka; PostgreSQL, Mosquitto)
	@$(BIN)/python -m tests.fleet_crash.away $(ARGS)

fuzz: setup ## send bad messages to everything under load; ARGS="--seed 1 --seconds 60"
	@$(BIN)/python -m tests.fuzz $(ARGS)

timelines: setup ## play every scenario and recording live at every speed, and compare its alerts with the backtest; about an hour
	@UPSKEEP_ALL_SPEEDS=1 $(BIN)/python -m pytest tests/e2e/test_alert_timelines.py $(ARGS)

climate: setup ## simulate every room for a week and write the figures into docs/climate.md; a quarter of an hour
	@$(BIN)/python -m tools.climate $(ARGS)

wheel: setup ## build the wheel and the source distribution into dist/
	@rm -rf dist && $(BIN)/uv build --quiet --out-dir dist . && ls -l dist

arm64: ## on a 64-bit Pi's userland under emulation: unit tests of shared and the services, and the wheel; hours, needs root; PART=1/8
	@bash tools/packaging/arm64.sh

upgrade: setup ## upgrade a live suite in place, from the last release's wheel to this one's, and go back; FROM=COMMIT
	@$(BIN)/python -m tests.upgrade $(if $(FROM),--from $(FROM)) $(ARGS)

home: setup ## install the wheel in a bare Debian without the checkout and count an event; needs root and mmdebstrap
	@bash tools/packaging/bare.sh

boot: setup ## run the wheel as a service of a Debian that boots systemd: reboot, kill, backup, restore; needs root and systemd-nspawn
	@bash tools/packaging/boot.sh

lock: $(BIN)/uv ## resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --no-emit-index-url --no-header --upgrade --group dev --group oracles -o requirements.lock

sbom: setup ## write a bill of materials for each image to build/sbom, from the lock
	@bash tools/sbom.sh

audit: setup ## ask PyPI's advisories about every locked package; a mirror of packages does not know them
	@$(BIN)/uv tool run pip-audit==2.10.1 -r requirements.lock --require-hashes --disable-pip --strict $(ARGS)

clean: ## remove what was built, not what was measured (data/)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info build
