#!/usr/bin/env bash
# Score models on all public sets of BEIR: an alias of `gonogo evaluate ... --datasets all`.
#
#   scripts/evaluate_all_beir.sh MODEL... [--out results.md] [further options of gonogo evaluate]
#
# It asks nothing. Sets that are not public are listed as not available; one that fails is an error
# in the table and exit code 1. Finished ones are kept, so that an interrupted run continues with
# the same command.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/python.sh"
out=(--out beir.md)
for word in "$@"; do
  case "$word" in
    --out | --out=* | -o*) out=() ;;
  esac
done
exec "$python" -m gonogo evaluate "$@" ${out[@]+"${out[@]}"} --datasets all
