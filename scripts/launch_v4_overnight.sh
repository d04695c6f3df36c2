#!/usr/bin/env bash
# Start the two-tower study in the background, once its data are found to be in order: an alias of
# `gonogo run two_tower` with the same options. $PYTHON chooses the interpreter.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/python.sh"
need_gonogo
exec "$python" "$here/overnight.py" "$@"
