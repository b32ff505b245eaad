# In place of gcr.io/distroless/static-debian12:nonroot: the files of the packages that it is made of, and its users.
FROM localhost/debian:bookworm AS files
WORKDIR /packages
RUN apt-get update \
    && apt-get download base-files ca-certificates media-types netbase tzdata \
    && for package in *.deb; do dpkg-deb --extract "$package" /out; done \
    && rm -rf /out/usr/share/doc /out/usr/share/info /out/usr/share/lintian /out/usr/share/man \
    && mkdir -p /out/etc/ssl/certs /home/nonroot \
    && cat /out/usr/share/ca-certificates/mozilla/*.crt >/out/etc/ssl/certs/ca-certificates.crt \
    && printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
        nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >/out/etc/passwd \
    && printf '%s\n' root:x:0: nobody:x:65534: nonroot:x:65532: >/out/etc/group \
    && echo "hosts: files dns" >/out/etc/nsswitch.conf

FROM scratch
COPY --from=files /out /
COPY --from=files --chown=65532:65532 /home/nonroot /home/nonroot
USER 65532
WORKDIR /home/nonroot
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
