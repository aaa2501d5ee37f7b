#!/bin/sh
# Fetches this host's certificate and key, `first SECRET REGION`; `again` has NATS take those that are new.
set -eu
umask 077
cd /etc/trellis-nats
aws secretsmanager get-secret-value --region "$3" --secret-id "$2" --query SecretString --output text > certificates.json
for part in certificate key; do
  /opt/trellis/bin/python -c 'import json, sys; print(json.load(open("certificates.json"))[sys.argv[1]].strip())' "$part" > "$part.new"
done
rm certificates.json
if cmp -s certificate.new certificate.pem && cmp -s key.new key.pem; then exit 0; fi
mv key.new key.pem
mv certificate.new certificate.pem
if [ "$1" = again ]; then systemctl reload trellis-nats.service; fi
