#!/bin/sh
# Runs once, when the server's volume is empty: a database, an owning role and an application role for each service.
# Passwords come from the environment of the container (see .env.example beside docker-compose.yml).
set -eu

for service in grants deliverables transparency governance; do
    upper=$(echo "$service" | tr '[:lower:]' '[:upper:]')
    eval "owner_password=\$${upper}_OWNER_PASSWORD"
    eval "app_password=\$${upper}_APP_PASSWORD"
    psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        -v service="$service" -v owner="${service}_owner" -v app="${service}_app" \
        -v owner_password="$owner_password" -v app_password="$app_password" <<'SQL'
create role :"owner" login password :'owner_password';
create role :"app" login password :'app_password';
create database :"service" owner :"owner";
revoke connect on database :"service" from public;
grant connect, temporary on database :"service" to :"app";
alter database :"service" set default_toast_compression = lz4;
SQL
done
