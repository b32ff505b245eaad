# In place of rust:1.95-bookworm: Debian's C compiler, and this machine's Rust, which is the context.
FROM localhost/debian:bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates gcc libc6-dev make \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY bin /usr/local/toolchain/bin
COPY lib /usr/local/toolchain/lib
ENV PATH=/usr/local/toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    CARGO_HOME=/usr/local/cargo
