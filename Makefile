.DEFAULT_GOAL := help
.PHONY: help run test conformance drills schema order-start screenshots bench fmt lint fmt-check clippy doc deny install-deny \
	openapi examples docs lint-files package try-container try-fresh

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Run the server, optimised
	cargo run --release

test: ## Run all tests, on SQLite and on a PostgreSQL of their own, the pages in Chromium
	scripts/require-tools curl python3 python3-venv node npm postgresql chromium
	scripts/with-postgres scripts/with-chromium cargo test --locked --no-fail-fast

conformance: ## Print how many variants of the vendors' requests are answered as they should be, and note what is better
	UPDATE_CONFORMANCE=1 cargo test --quiet --locked --test conformance sqlite -- --nocapture --test-threads=1
	UPDATE_DOCS=1 cargo test --quiet --locked --test cli docs::fidelity

drills: ## Run the drills of docs/reliability.md, which take minutes, and print their figures
	scripts/with-postgres cargo test --locked --release --test cli drills:: -- --ignored --nocapture --test-threads 1

schema: ## Write the schema that databases in memory begin with
	cargo test --locked --test store -- --ignored write_schema

order-start: ## Write which functions run at a start, for the linker to put together
	scripts/order-start

screenshots: ## Make the screenshots of docs/pages.md
	scripts/with-chromium cargo test --locked --test browser -- --ignored screenshots

bench: ## Run the benchmarks
	scripts/with-wiremock cargo bench --locked

fmt: ## Format the code
	cargo fmt

lint: fmt-check clippy doc deny ## Run every check below

fmt-check: ## Check the formatting
	cargo fmt --check

clippy: ## Check the code, warnings being errors
	cargo clippy --locked --all-targets -- -D warnings

doc: ## Check the documentation, warnings being errors
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

# Without `advisories`: their database is not to be had everywhere that this has to run.
deny: install-deny ## Check the dependencies' licences, versions and sources
	cargo deny --locked check --hide-inclusion-graph bans licenses sources

install-deny: ## Install cargo-deny if it is missing
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny --version '^0.20'

openapi: ## Write the OpenAPI documents
	UPDATE_DOCS=1 cargo test --quiet --locked --test api openapi::committed

examples: ## Write the examples of the control API's document
	UPDATE_DOCS=1 cargo test --quiet --locked --test api document_examples::of_the_control_api
	$(MAKE) openapi

docs: ## Write what is generated in docs/ and README.md
	UPDATE_DOCS=1 cargo test --quiet --locked --test cli docs::

lint-files: ## Check the Dockerfile, the scripts, the workflows, compose.yaml and the examples for CI
	scripts/lint-files

try-container: ## Build and run the image with Buildah and Podman, as root
	scripts/try-container

try-fresh: ## Try the README's commands on a bare Debian, as root and as a user with sudo
	scripts/try-fresh

package: ## Make what a release consists of, for this machine, into target/package, and try it
	scripts/package
	scripts/try-packages
