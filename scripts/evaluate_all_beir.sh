#!/usr/bin/env bash
# Score models on all public sets of BEIR: an alias of `gonogo evaluate ... --datasets all`.
#
#   scripts/evaluate_all_beir.sh MODEL... [--out results.md] [further options of gonogo evaluate]
#
# It asks nothing. Sets that are not public or cannot be had are listed as not available; finished
# ones are kept, so that an interrupted run continues with the same command.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
python="${PYTHON:-$here/../.venv/bin/python}"
[ -x "$python" ] || python="$(command -v "${PYTHON:-python3}")"
case " $* " in
  *" --out "* | *" -o "*) ;;
  *) set -- "$@" --out beir.md ;;
esac
exec "$python" -m gonogo evaluate "$@" --datasets all
