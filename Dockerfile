# The images of docker-compose.yml. Everything of ours lies below /srv, and every step is a program that runs as well
# outside of Docker: the tests take this file, carry its steps out on this machine and let calls go through the result.

# ---------------------------------------------------------------- the application, compiled
FROM node:24-trixie-slim AS compiled
WORKDIR /srv/clinic
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json esbuild.config.mjs ./
COPY src src
RUN npm run build
# What it needs from npm when it runs, and no more.
RUN npm prune --omit=dev --ignore-scripts

# ---------------------------------------------------------------- calls, watch, web
FROM node:24-trixie-slim AS application
WORKDIR /srv/clinic
RUN ["install", "-d", "-o", "1000", "-g", "1000", "-m", "0700", "/srv/recordings"]
COPY --from=compiled /srv/clinic/node_modules node_modules
COPY --from=compiled /srv/clinic/dist dist
COPY package.json ./
COPY sql sql
COPY src/routing/commands src/routing/commands
COPY src/calls/commands src/calls/commands
COPY src/stack/image/healthy.mjs src/stack/image/
COPY dialplan/softphone.json dialplan/
USER 1000:1000
CMD ["node", "dist/main.js"]

# ---------------------------------------------------------------- Asterisk's configuration and voice, made before it starts
FROM node:24-trixie-slim AS exchange
WORKDIR /srv/clinic
COPY src/stack/image/packages.sh src/stack/image/
RUN sh src/stack/image/packages.sh espeak-ng sox
RUN ["install", "-d", "-o", "61137", "-g", "61137", "-m", "0700", "/srv/etc", "/srv/data", "/srv/voice"]
COPY package.json ./
COPY src/stack src/stack
COPY dialplan dialplan
# Of nobody: neither Debian nor systemd gives this number away, and the local stack's Asterisk runs under it too.
USER 61137:61137
RUN node src/stack/image/exchange.mjs voice
CMD ["node", "src/stack/image/exchange.mjs"]

# ---------------------------------------------------------------- Asterisk: the package that tests and demo run
FROM debian:forky-slim AS asterisk
WORKDIR /srv
COPY src/stack/image/packages.sh /srv/
RUN sh /srv/packages.sh asterisk
# The first with the features and security fixes relied upon.
RUN dpkg --compare-versions "$(dpkg-query -W -f '${Version}' asterisk)" ge 1:22.10.1
RUN ["install", "-d", "-o", "61137", "-g", "61137", "-m", "0700", "/srv/spool", "/srv/spool/recording", "/srv/db", "/srv/log"]
# Rendered by the image above into volumes; Asterisk only reads them.
RUN ["install", "-d", "-m", "0755", "/srv/etc", "/srv/data", "/srv/run"]
USER 61137:61137
CMD ["asterisk", "-C", "/srv/etc/asterisk.conf", "-f"]

# ---------------------------------------------------------------- backup and restore: pg_dump of the server's own version
FROM postgres:17-trixie AS backup
WORKDIR /srv/clinic
COPY --from=compiled /usr/local/bin/node /usr/local/bin/
COPY package.json ./
COPY src/stack src/stack
RUN ["install", "-d", "-o", "1000", "-g", "1000", "-m", "0700", "/srv/backups", "/srv/recordings"]
USER 1000:1000
ENTRYPOINT ["node"]
CMD ["src/stack/backup.mjs", "--keep", "14"]
