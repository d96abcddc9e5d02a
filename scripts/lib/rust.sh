# shellcheck shell=bash
# The Rust tool chain and the crates. Sourced, never run.

readonly RUST_MIN=1.95.0

check_rust() {
    local tool have
    for tool in cargo rustc; do
        command -v "$tool" >/dev/null || stop "$EXIT_MISSING" "$tool is missing; Rust $RUST_MIN or newer is needed" \
            "install rustup (https://rustup.rs), then: rustup toolchain install stable"
    done
    have=$(rustc --version)
    have=${have#rustc }
    have=${have%%[ -]*}
    printf '%s\n' "$RUST_MIN" "$have" | sort --version-sort --check=quiet ||
        stop "$EXIT_MISSING" "rustc is $have; Rust $RUST_MIN or newer is needed" \
            "run: rustup toolchain install stable && rustup default stable"
}

# So that building needs no network after the set-up.
fetch_crates() {
    [[ -f $root/Cargo.lock ]] || return 0
    local pins
    pins=$(sha256_of "$root/Cargo.lock")
    is_done crates "$pins" "$root/Cargo.lock" && return
    say "fetching the crates of Cargo.lock"
    attempt crates "check the network; then run the set-up again" \
        cargo fetch --locked --manifest-path "$root/Cargo.toml"
    mark_done crates "$pins"
}
