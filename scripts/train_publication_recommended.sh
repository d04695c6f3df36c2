#!/usr/bin/env bash
# Train and judge the isotropy study at full size: an alias of `gonogo run isotropy` with the same
# options, which first says what it will take. It asks nothing.
#
#   scripts/train_publication_recommended.sh                      one GPU
#   PRICE=2.5 scripts/train_publication_recommended.sh            price of a GPU hour, for the estimate
#   scripts/train_publication_recommended.sh --tier cpu           any option of gonogo run
#   PLAN_ONLY=1 scripts/train_publication_recommended.sh          the estimate alone
#
# $PYTHON chooses the interpreter. An interrupted run continues with the same command.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
python="${PYTHON:-$here/../.venv/bin/python}"
[ -x "$python" ] || python="$(command -v "${PYTHON:-python3}")"
gonogo() { "$python" -m gonogo "$@"; }

# The options that plan and criteria have in common with run.
planned=() judged=()
given=("$@")
for ((i = 0; i < ${#given[@]}; i++)); do
  case "${given[i]}" in
    --tier | -t | --out | -o | --set)
      planned+=("${given[i]}" "${given[i + 1]:-}")
      judged+=("${given[i]}" "${given[++i]:-}")
      ;;
    --device | --only) planned+=("${given[i]}" "${given[++i]:-}") ;;
    --quick | -q)
      planned+=("${given[i]}")
      judged+=("${given[i]}")
      ;;
  esac
done

# Measured here on a few steps of every arm: time for one worker and for three, and what they cost.
gonogo plan isotropy --calibrate --workers 3 --price-per-hour "${PRICE:-0}" ${planned[@]+"${planned[@]}"}
[ -z "${PLAN_ONLY:-}" ] || exit 0
gonogo run isotropy "$@"
gonogo criteria isotropy ${judged[@]+"${judged[@]}"}
