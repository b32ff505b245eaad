#!/bin/sh
# What the image's own script does for the variables of compose.yaml: makes a cluster in the volume, if there is none.
set -eu
if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$PGDATA"
    chmod 700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups sh "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
    initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust --no-sync
    rm /tmp/password
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    # On its socket alone until it is set up, as the image does.
    pg_ctl start --wait --options="-c listen_addresses='' -c unix_socket_directories=/tmp"
    createdb --host=/tmp --username="$POSTGRES_USER" "${POSTGRES_DB:-$POSTGRES_USER}"
    pg_ctl stop --wait --mode=fast
fi
exec "$@" -c "listen_addresses=*" -c unix_socket_directories=/tmp
