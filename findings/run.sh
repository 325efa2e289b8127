# Sourced by the findings: a temporary environment with the packages given, and `expect`, which runs a Python program in it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

install() {
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

# Python from standard input; its last line asserts what was found.
expect() {
    cd "$folder"
    if OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore -; then
        echo "as found"
    else
        echo "no longer so" >&2
        exit 1
    fi
}
