# Every target makes the virtual environment first when it is missing or stale; nothing has to be done before.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

# the build back ends find their tools (maturin) here, and what runs from here finds its own
export PATH := $(abspath $(BIN)):$(PATH)

RUST := $(shell find native/fastber/src native/fastber/Cargo.toml native/fastber/Cargo.lock native/fastber/pyproject.toml -type f)
CYTHON := $(shell find native/framer -type f \( -name '*.pyx' -o -name '*.pxd' -o -name pyproject.toml \))

.PHONY: build demo run test lint bench bench-micro clean

build: $(STAMP)

$(VENV)/.packages: requirements.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.fastber: $(VENV)/.packages $(RUST)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable native/fastber
	@touch $@

$(VENV)/.framer: $(VENV)/.packages $(CYTHON)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable native/framer
	@touch $@

$(STAMP): $(VENV)/.fastber $(VENV)/.framer pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)
	$(BIN)/x400 demo --capture demo.pcapng

run: $(STAMP)
	@echo 'Send to it from another terminal, once it says that it is ready:'
	@echo "  echo 'Hello, 1984.' | $(BIN)/x400 send --from /C=GB/A=HOME/P=TOUR/O=X/S=Alice/ --to /C=GB/A=EXAMPLE/P=RELAY/O=X/S=Bob/ --via 127.0.0.1:10102 -"
	$(BIN)/x400 run examples/relay.toml

test: $(STAMP)
	$(BIN)/python -m pytest -q

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy python/x400
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest fastber --mypy-config-file pyproject.toml
	$(BIN)/python -m mypy.stubtest x400_framer --mypy-config-file pyproject.toml
	cargo fmt --check --manifest-path native/fastber/Cargo.toml
	PYO3_PYTHON=$(abspath $(BIN)/python) cargo clippy --quiet --release --all-targets --manifest-path native/fastber/Cargo.toml -- -D warnings

bench: $(STAMP)
	$(BIN)/python benchmarks/framer.py
	$(BIN)/python benchmarks/codec.py
	$(BIN)/python benchmarks/spool.py
	$(BIN)/python benchmarks/relay.py

bench-micro: $(STAMP)
	$(BIN)/python -m pytest -q --benchmark-enable --benchmark-columns=median,iqr,ops --benchmark-sort=name benchmarks/micro

clean:
	rm -rf $(VENV) native/fastber/target native/framer/build benchmarks/build demo.pcapng
	find . -name '*.so' -not -path './$(VENV)/*' -delete
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
