# Everything a fresh Debian 12 machine with git, make and Rust needs. `make` alone lists the targets.
SHELL := bash
.DEFAULT_GOAL := help
export PATH := $(PATH):$(HOME)/.cargo/bin

# `make demo SECONDS=60`. Expanded by make, never by the shell: bash counts in a variable of this name.
demo_arguments := $(if $(SECONDS),--seconds $(SECONDS))

.PHONY: help setup demo install test bench bench-peers lint openvino yolox quantizer clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## bring all that is needed onto this machine (quick when it is there)
	@scripts/setup.sh

demo: setup ## build and run the demo; SECONDS=60 stops it after 60 s
	cargo build --release --locked -p viahe
	./target/release/viahe demo $(demo_arguments)

install: ## put the build and all that it needs under PREFIX (/usr/local); as root after `make demo`
	@scripts/install.sh "$(or $(PREFIX),/usr/local)"

# Tests wait for streams, brokers and browsers more than they compute: two at a time for each core.
test: setup ## run all tests
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$$((2 * $$(nproc)))} cargo test --workspace --locked

bench: setup ## run the benchmarks, with their peers
	benches/peers/setup.sh
	cargo bench -p viahe-benches --locked
	cargo bench -p viahe-console --locked --bench console

# Up to a day for all cases, what tells most first. `make bench-peers CASES="standing-4 quiet-16" BEFORE=/path/to/viahe`; SHORT=1 for development.
bench-peers: setup ## measure viahe beside its peers; CASES="…" chooses, BEFORE=PROGRAM puts an older viahe beside
	benches/peers/setup.sh
	cargo build --release --locked -p viahe
	PYTHONPATH=benches/peers "$(or $(VIAHE_DEPS),.deps)/venv-peers/bin/python" -m judge $(CASES) \
		$(if $(BEFORE),--before "$(BEFORE)") $(if $(SHORT),--short) $(if $(PAGE),--page "$(PAGE)")

lint: setup ## check format, lints and the shell scripts (where shellcheck is installed)
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	if command -v shellcheck >/dev/null; then shellcheck -xa scripts/*.sh findings/*.sh .ci/run; fi

openvino: setup ## add an optional ONNX Runtime that runs models by OpenVINO (x86-64)
	@scripts/openvino.sh

yolox: ## add the optional model: make yolox FROM=/path/to/yolox_nano_416.onnx
	@scripts/yolox.sh "$(FROM)"

quantizer: setup ## bring what `viahe model quantize` needs
	@scripts/quantizer.sh

clean: ## remove what was built
	cargo clean

distclean: clean ## remove also what the set-up fetched
	rm -rf .deps engine/console/web/dist engine/console/web/node_modules
