# syntax=docker/dockerfile:1

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
RUN apt-get update && apt-get install -y --no-install-recommends gcc g++ libc6-dev && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cargo build --locked --release --bin equipemed-bot \
    && cp target/release/equipemed-bot /usr/local/bin/equipemed-bot

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 7009 --home-dir /data --create-home equipemed
COPY --from=build /usr/local/bin/equipemed-bot /usr/local/bin/equipemed-bot
USER equipemed
# config.yaml, registration.yaml, the roster and the SQLite file live here.
WORKDIR /data
VOLUME /data
EXPOSE 9009
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["equipemed-bot", "health"]
ENTRYPOINT ["equipemed-bot"]
CMD ["serve"]
