#!/bin/sh
# Debian packages of an image, by name: what is missing is installed, nothing else comes along, no lists stay behind.
set -eu
missing=''
for package; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# Split on purpose: the names are words of their own.
apt-get install -y -q --no-install-recommends $missing
rm -rf /var/lib/apt/lists/*
