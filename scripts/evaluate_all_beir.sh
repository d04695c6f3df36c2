#!/usr/bin/env bash
# Score models on all public sets of BEIR: an alias of `gonogo evaluate ... --datasets all`. Without
# models, every finished arm of the isotropy study and its reference rows. --help lists the rest.
# $PYTHON chooses the interpreter.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/python.sh"
need_gonogo
exec "$python" "$here/all_beir.py" "$@"
