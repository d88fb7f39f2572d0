# Every target makes the virtual environment first when it is missing or stale; nothing has to be done before.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

# the build back ends find their tools (maturin) here, and what runs from here finds its own
export PATH := $(abspath $(BIN)):$(PATH)

RUST := $(shell find native/fastber/src native/fastber/Cargo.toml native/fastber/Cargo.lock native/fastber/pyproject.toml -type f)
CYTHON := $(shell find native/framer -type f \( -name '*.pyx' -o -name '*.pxd' -o -name pyproject.toml \))

.PHONY: build demo run test fuzz lint bench bench-micro clean

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

# The codec's own tests embed an interpreter: they need Python as a library, which not every Python comes with.
LIBPYTHON = $(shell $(BIN)/python -c "import os, sysconfig as s; library = s.get_config_var('LDLIBRARY'); \
	print(next((d for d in map(s.get_config_var, ('LIBDIR', 'LIBPL')) if os.path.exists(os.path.join(d, library))), ''))")

test: $(STAMP)
	$(BIN)/python -m pytest -q
	@if [ -n "$(LIBPYTHON)" ]; then \
		LD_LIBRARY_PATH="$(LIBPYTHON)" PYO3_PYTHON=$(abspath $(BIN)/python) \
			cargo test --quiet --lib --manifest-path native/fastber/Cargo.toml; \
	else \
		echo "cargo test is left out: this Python has no library to link with (on Debian: libpython3-dev)" >&2; \
		[ -z "$$X400_NOTHING_LEFT_OUT" ]; \
	fi

# Coverage-guided fuzzing of the codec: SECONDS for each target, with what was found before as the corpus. Any toolchain
# will do; `cargo +nightly fuzz run TARGET` in native/fastber adds the address sanitizer.
SECONDS := 60
FUZZ := native/fastber/fuzz
FUZZ_TARGETS := decode_ber decode_der view_splice front_end
HOST := $(shell rustc -vV | sed -n 's/^host: //p')
COVERAGE := -Cpasses=sancov-module -Ccodegen-units=1 --cfg fuzzing $(addprefix -Cllvm-args=-,sanitizer-coverage-level=4 \
	sanitizer-coverage-inline-8bit-counters sanitizer-coverage-pc-table sanitizer-coverage-trace-compares \
	simplifycfg-branch-fold-threshold=0)

fuzz: $(STAMP)
	RUSTFLAGS="$(COVERAGE)" PYO3_PYTHON=$(abspath $(BIN)/python) cargo build --quiet --release --bins --target $(HOST) \
		--manifest-path $(FUZZ)/Cargo.toml
	for target in $(FUZZ_TARGETS); do \
		mkdir -p $(FUZZ)/corpus/$$target $(FUZZ)/artifacts/$$target && \
		$(FUZZ)/target/$(HOST)/release/$$target $(FUZZ)/corpus/$$target $(FUZZ)/seeds/$$target \
			$$([ $$target != front_end ] || echo -dict=$(FUZZ)/front.dict) -artifact_prefix=$(FUZZ)/artifacts/$$target/ \
			-max_total_time=$(SECONDS) -timeout=20 -rss_limit_mb=2048 -max_len=8192 -seed=1 -verbosity=0 -print_final_stats=1 \
			|| exit 1; \
	done

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy python/x400
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest fastber --mypy-config-file pyproject.toml
	$(BIN)/python -m mypy.stubtest x400_framer --mypy-config-file pyproject.toml
	cargo fmt --check --manifest-path native/fastber/Cargo.toml
	cargo fmt --check --manifest-path $(FUZZ)/Cargo.toml
	PYO3_PYTHON=$(abspath $(BIN)/python) cargo clippy --quiet --release --all-targets --manifest-path native/fastber/Cargo.toml -- -D warnings
	PYO3_PYTHON=$(abspath $(BIN)/python) cargo clippy --quiet --no-default-features --all-targets --manifest-path $(FUZZ)/Cargo.toml -- -D warnings

bench: $(STAMP)
	$(BIN)/python benchmarks/framer.py
	$(BIN)/python benchmarks/codec.py
	$(BIN)/python benchmarks/spool.py
	$(BIN)/python benchmarks/relay.py
	$(BIN)/python benchmarks/latency.py

bench-micro: $(STAMP)
	$(BIN)/python -m pytest -q --benchmark-enable --benchmark-columns=median,iqr,ops --benchmark-sort=name benchmarks/micro

clean:
	rm -rf $(VENV) native/fastber/target native/framer/build benchmarks/build demo.pcapng
	find . -name '*.so' -not -path './$(VENV)/*' -delete
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
