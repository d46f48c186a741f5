# A static otpctl and nothing beside it: no shell, no package manager, no root.
# docker build -t otpctl . && docker run --rm -v otpctl:/data otpctl send +919876543210
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends musl-tools \
 && rustup target add "$(uname -m)-unknown-linux-musl"
WORKDIR /src
COPY . .
# The same command that makes the tarball.
RUN scripts/package --musl --program-only \
 && install -d -m 750 /empty

FROM scratch
COPY --from=build /src/target/package/otpctl /otpctl
# The store and the file of whoever mounts no others: /data/.local/state/otpctl and /data/.config/otpctl.
COPY --from=build --chown=65532:65532 /empty /data
ENV HOME=/data
USER 65532:65532
ENTRYPOINT ["/otpctl"]
