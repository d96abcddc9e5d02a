# shellcheck shell=bash
# Debian packages: to build, to decode and serve video, to pass messages, to test the console's page. Sourced, never run.

packages=(
    build-essential pkg-config ca-certificates
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstrtspserver-1.0-dev libturbojpeg0-dev
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
    gstreamer1.0-libav gstreamer1.0-rtsp gstreamer1.0-tools
    chromium glib-networking mosquitto mosquitto-clients openssl fonts-dejavu-core
    python3 python3-venv
)

install_packages() {
    local missing=()
    mapfile -t missing < <(missing_packages "${packages[@]}")
    if ! command -v npm >/dev/null && models_are_missing; then
        missing+=(npm)
    fi
    ((${#missing[@]})) || return 0
    as_root_or_stop "${missing[@]}"
    say "installing Debian packages: ${missing[*]}"
    attempt apt-update "check the network and /etc/apt/sources.list, then run the set-up again" \
        as_root apt-get update -o Acquire::Retries=3
    attempt apt-install "read the lines above; then run the set-up again" \
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o Acquire::Retries=3 "${missing[@]}"
    silence_broker_service "${missing[@]}"
}

# Of the packages named, those that are not installed, one a line.
missing_packages() {
    local installed package
    # Unknown names make dpkg-query fail, but it still lists the others.
    installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
    for package in "$@"; do
        [[ $installed == *" installed:$package "* ]] || printf '%s\n' "$package"
    done
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

as_root_or_stop() {
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        stop "$EXIT_MISSING" "these Debian packages are missing: $*" \
            "as root: apt-get update && apt-get install --no-install-recommends $*"
    fi
    # Ask for the password here, where the terminal is; what follows runs with its input closed.
    ((EUID == 0)) || sudo -v || stop "$EXIT_MISSING" "sudo was refused" \
        "as root: apt-get update && apt-get install --no-install-recommends $*"
}

# The package starts a broker on port 1883. The demo and the tests start their own on ports of their own, so a
# service that only this set-up brought in is switched off; one that was there before is left alone.
silence_broker_service() {
    if [[ " $* " == *" mosquitto "* && -d /run/systemd/system ]]; then
        as_root systemctl disable --now mosquitto.service >/dev/null 2>&1 || true
    fi
}
