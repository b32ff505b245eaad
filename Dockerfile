# Locum's image: `docker build -t locum .`, for another machine `docker build --platform linux/arm64 -t locum .`.
# Nothing is fetched when it runs. `make try-container` builds and runs it; docs/container.md says what came of it.

# The compiler runs as what the building machine is; it compiles for what the image is to run on.
FROM --platform=$BUILDPLATFORM rust:1.95-bookworm AS builder
WORKDIR /build

# amd64 or arm64, set by the builder; without one, what the building machine is.
ARG TARGETARCH
# With the C library in it, so that the image needs none; with relocations that take a tenth of the room; and with what
# .cargo/config.toml says, because this is read in its place. The linkers' names are right on either machine: Debian's
# native compiler has its long name too.
ENV RUSTFLAGS="-C symbol-mangling-version=v0 -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs" \
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
# hadolint ignore=DL3008
RUN set -eu; here="$(dpkg --print-architecture)"; arch="${TARGETARCH:-$here}"; \
    case "$arch" in \
        amd64) machine=x86_64 compiler=gcc-x86-64-linux-gnu ;; \
        arm64) machine=aarch64 compiler=gcc-aarch64-linux-gnu ;; \
        *) echo "no image is made for $arch: amd64 or arm64" >&2; exit 1 ;; \
    esac; \
    if [ "$arch" != "$here" ]; then \
        apt-get update; \
        apt-get install --yes --no-install-recommends "$compiler" "libc6-dev-$arch-cross"; \
        rm -rf /var/lib/apt/lists/*; \
        rustup target add "$machine-unknown-linux-gnu"; \
    fi; \
    echo "$machine-unknown-linux-gnu" >.target

# The dependencies alone, around an empty program: a layer that lasts until they change.
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
RUN mkdir -p src benches \
    && touch src/lib.rs benches/speed.rs benches/scale.rs \
    && printf '//! Nothing yet.\nfn main() {}\n' >src/main.rs \
    && cargo build --release --locked --bin locum --target "$(cat .target)"

COPY build.rs ./
COPY link link
COPY migrations migrations
COPY openapi openapi
COPY seeds seeds
COPY src src
# Cargo goes by the time of a change, and the empty program is younger than what was copied.
RUN touch src/lib.rs src/main.rs \
    && cargo build --release --locked --bin locum --target "$(cat .target)" \
    && mkdir -p out/data \
    && cp "target/$(cat .target)/release/locum" out/locum

# Time zones, authorities and users, and nothing to run beside Locum: no C library, no shell, no package manager.
FROM gcr.io/distroless/static-debian12:nonroot

ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="Locum" \
    org.opencontainers.image.description="A stand-in for the JetBrains Account, License Vault and Atlassian API Access services, for other people's tests" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION" \
    org.opencontainers.image.created="$CREATED" \
    org.opencontainers.image.base.name="gcr.io/distroless/static-debian12:nonroot"

COPY --from=builder /build/out/locum /locum
# For a database in a volume: a new one takes its owner from here. Everything else can be read-only.
COPY --from=builder --chown=65532:65532 /build/out/data /data

# A number, so that an orchestrator can tell that it is not root. Any other number works too.
USER 65532:65532
# The second is for TLS, where it is asked for.
ENV LOCUM_LISTEN=[::]:8080 \
    LOCUM_TLS_LISTEN=[::]:8443
EXPOSE 8080 8443
HEALTHCHECK --interval=2s --timeout=5s --start-period=30s --retries=3 CMD ["/locum", "health"]
ENTRYPOINT ["/locum"]
CMD ["serve"]
