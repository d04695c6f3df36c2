#!/usr/bin/env bash
# Run the distillation study: an alias of `gonogo run distillation` with the same options, which
# also understands the environment variables that track_b.py lists. $PYTHON chooses the interpreter.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
python="${PYTHON:-$here/../.venv/bin/python}"
[ -x "$python" ] || python="$(command -v "${PYTHON:-python3}")"
if ! "$python" -c 'import gonogo' 2>/dev/null; then
  echo "error: $python has no gonogo (make test installs it into .venv, or set PYTHON)" >&2
  exit 2
fi
exec "$python" "$here/track_b.py" "$@"
