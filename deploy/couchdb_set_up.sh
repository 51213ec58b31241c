#!/usr/bin/env bash
# Makes the hubs' database and their user, who is no administrator. May run again: what is there stays.
# Reads ADMIN, the server's address with the administrator's name and password, and HUB_PASSWORD.
set -euo pipefail

put() { # path, body: 201 and 202 made it, 409 and 412 say that it is there
  local code
  code=$(curl --silent --show-error --output /dev/null --write-out '%{http_code}' \
    --request PUT --header 'Content-Type: application/json' --data "$2" "$ADMIN/$1")
  case $code in
    200 | 201 | 202 | 409 | 412) ;;
    *) echo "PUT $1: expected 201, got $code" >&2 && return 1 ;;
  esac
}

put _users ''
put 'wardline?partitioned=true' ''
put _users/org.couchdb.user:hub \
  "{\"name\": \"hub\", \"password\": \"$HUB_PASSWORD\", \"roles\": [], \"type\": \"user\"}"
put wardline/_security '{"admins": {"names": []}, "members": {"names": ["hub"]}}'
