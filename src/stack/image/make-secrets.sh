#!/bin/sh
# The secrets of docker-compose.yml and of the systemd units: random, one a file, made once. What is there stays as it is.
#
#     sh src/stack/image/make-secrets.sh [FOLDER [SIP NAME [DATABASE SOCKET FOLDER]]]     default: ./secrets
#
# The folder is its owner's alone. The files in it may be read by anyone who gets that far: Docker mounts each as it is
# into the containers that are to have it, whose accounts are of other numbers.
set -eu
umask 077
folder=${1:-secrets}
name=${2:-clinic}
socket=${3:-/run/postgresql}
mkdir -p "$folder"
chmod 700 "$folder"

# Whole or not at all; never over one that is there.
put() {
  if [ -e "$folder/$1" ]; then cat > /dev/null; return; fi
  cat > "$folder/.new"
  chmod 444 "$folder/.new"
  mv "$folder/.new" "$folder/$1"
}
random() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

for secret in postgres_superuser postgres_password ari_password ami_password first_admin_password; do
  random | put "$secret"
done
# Only for a provider that we register with or that asks who we are: put its password in.
printf '' | put trunk_password
printf 'postgres://clinic:%s@/clinic?host=%s' "$(cat "$folder/postgres_password")" "$socket" | put database_url
# Of messages and recorded talks (AES-256). Without it they cannot be heard any more: keep a copy elsewhere.
head -c 32 /dev/urandom | base64 | tr -d '\n' | put recordings_key
head -c 20 /dev/urandom | base32 | tr -d '\n' | put first_admin_otp_secret

# For SIP over TLS: our own signature until the city puts a certificate of its authority here, under the same two names.
if [ ! -e "$folder/sip_certificate" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=$name" \
    -addext "subjectAltName=DNS:$name" -keyout "$folder/.key" -out "$folder/.certificate" 2> "$folder/.words" ||
    { cat "$folder/.words" >&2; exit 1; }
  rm -f "$folder/sip_key"
  put sip_key < "$folder/.key"
  put sip_certificate < "$folder/.certificate"
  rm -f "$folder/.key" "$folder/.certificate" "$folder/.words"
fi

printf 'The secrets are in %s. The first administrator:\n' "$folder"
printf '  account    admin\n  password   in %s/first_admin_password\n' "$folder"
printf '  one-time   otpauth://totp/Clinic%%20137:admin?secret=… with the secret in %s/first_admin_otp_secret\n' "$folder"
