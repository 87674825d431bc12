FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY ui/package.json ./ui/
RUN npm ci --omit=dev

# The console: built by its own packages, which the service does not need.
FROM node:24-slim AS console
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY ui/package.json ./ui/
COPY scripts/setup.mjs ./scripts/
RUN node scripts/setup.mjs
COPY ui ./ui
RUN node scripts/setup.mjs

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 SWITCHBOARD_DATA_DIR=/data SWITCHBOARD_LOG_FORMAT=json
COPY --from=packages /app/node_modules ./node_modules
COPY --from=console /app/ui/dist ./ui/dist
COPY package.json LICENSE ./
COPY src ./src
COPY scripts/rotate-key.ts ./scripts/
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=8", "src/main.ts"]
