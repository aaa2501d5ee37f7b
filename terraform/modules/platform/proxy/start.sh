#!/bin/sh
# Traefik with what it names to Trellis, which stands in no file that outlives the host's run: `start SECRET REGION`.
set -eu
umask 077
token="$(aws secretsmanager get-secret-value --region "$2" --secret-id "$1" --query SecretString --output text)"
case "$token" in *[!A-Za-z0-9._~+/=-]* | "") echo "the secret is no token" >&2; exit 1 ;; esac
sed "s|TOKEN-OF-TRELLIS|$token|" /etc/trellis-proxy/traefik.yaml > "$RUNTIME_DIRECTORY/traefik.yaml"
exec /usr/local/bin/traefik --configFile="$RUNTIME_DIRECTORY/traefik.yaml"
