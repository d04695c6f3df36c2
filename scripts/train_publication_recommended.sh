#!/usr/bin/env bash
# Train and judge the isotropy study at full size: an alias of `gonogo run isotropy` with the same
# options, which first says what it will take. --help lists its variables. $PYTHON chooses the interpreter.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/python.sh"
need_gonogo
exec "$python" "$here/publication.py" "$@"
