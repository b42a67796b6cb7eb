#!/bin/sh
# Make .venv with the first Python of 3.11 or later. Says in one line what to do where that cannot be.
set -eu

for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "Python 3.11 or later is missing. Install it (sudo apt-get install python3) or name yours: make run PYTHON=/path/to/python3" >&2
    exit 1
fi

# Debian and Ubuntu ship venv's other half, ensurepip, in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ]; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "python$version-venv" >/dev/null
    else
        echo "Python's venv is missing. Install it: sudo apt-get install python$version-venv" >&2
        exit 1
    fi
fi

exec "$python" -m venv .venv
