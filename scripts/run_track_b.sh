#!/usr/bin/env bash
# Run the distillation study: an alias of `gonogo run distillation` with the same options, which
# also understands the environment variables that track_b.py lists. $PYTHON chooses the interpreter.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/python.sh"
need_gonogo
exec "$python" "$here/track_b.py" "$@"
