#!/bin/sh
# Writes whom NATS lets in: at first its owner only, `first URL SECRET REGION`; later also whoever has an interest, `again URL`.
set -eu
umask 077
cd /etc/trellis-nats
if [ "$1" = first ]; then
  if [ -s authorization.conf ]; then exit 0; fi
  aws secretsmanager get-secret-value --region "$4" --secret-id "$3" --query SecretString --output text > password
  words=owner
else
  words=
fi
TRELLIS_FEEDS__NATS_URL="$2" TRELLIS_FEEDS__NATS_CA=/etc/trellis-nats/ca.pem TRELLIS_FEEDS__NATS_PASSWORD="$(cat password)"
export TRELLIS_FEEDS__NATS_URL TRELLIS_FEEDS__NATS_CA TRELLIS_FEEDS__NATS_PASSWORD
/opt/trellis/bin/trellis feeds authorization $words > authorization.new
if ! cmp -s authorization.new authorization.conf; then
  mv authorization.new authorization.conf
  if [ "$1" = again ]; then systemctl reload trellis-nats.service; fi
fi
