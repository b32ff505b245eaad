# In place of curlimages/curl: Debian's curl, which gets what begins with a dash.
FROM localhost/debian:bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY curl-entrypoint.sh /entrypoint.sh
USER nobody
ENTRYPOINT ["sh", "/entrypoint.sh"]
CMD ["curl"]
