#!/usr/bin/env bash
# Train and judge the isotropy study at full size: an alias of `gonogo run isotropy` with the same
# options, which first says what it will take. It asks nothing.
#
#   scripts/train_publication_recommended.sh                      one GPU
#   PRICE=2.5 scripts/train_publication_recommended.sh            price of a GPU hour, for the estimate
#   scripts/train_publication_recommended.sh --tier cpu           any option of gonogo run
#   scripts/train_publication_recommended.sh --workers 4          estimated for one, three and four
#   scripts/train_publication_recommended.sh --dry-run            the plan alone; measures nothing
#   PLAN_ONLY=1 scripts/train_publication_recommended.sh          the estimate alone
#
# $PYTHON chooses the interpreter. An interrupted run continues with the same command.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/python.sh"
gonogo() { "$python" -m gonogo "$@"; }

# The options that plan and criteria have in common with run.
planned=() judged=() dry= workers=3 measured=(--calibrate)
given=("$@")
for ((i = 0; i < ${#given[@]}; i++)); do
  option=("${given[i]}")
  case "$option" in
    --tier | -t | --out | -o | --set | --device | --only) option+=("${given[++i]:-}") ;;
    --workers) option+=("${given[++i]:-}") ;;
    --run-id) ((++i)) ;;
  esac
  case "$option" in
    --tier | --tier=* | -t* | --out | --out=* | -o* | --set | --set=* | --quick | -q)
      planned+=("${option[@]}")
      judged+=("${option[@]}")
      ;;
    --device | --device=* | --only | --only=*) planned+=("${option[@]}") ;;
    --workers) workers="${option[1]}" ;;
    --workers=*) workers="${option#*=}" ;;
    --dry-run | -d) dry=1 measured=() ;;
  esac
done
[ "$workers" != 1 ] || workers=3 # a plan always says what one worker takes
[ -z "${PRICE:-}" ] || planned=(--price-per-hour "$PRICE" ${planned[@]+"${planned[@]}"})

# Measured here on a few steps of every arm, unless all is finished: time for one worker, for as many
# as were asked for and for three, and what they cost. A dry run measures nothing, for it touches
# nothing.
plan() { gonogo plan isotropy --workers "$@" ${planned[@]+"${planned[@]}"}; }
plan "$workers" ${measured[@]+"${measured[@]}"}
if [ "$workers" != 3 ]; then
  lines="$(plan 3)"
  grep -E '^(time left|cost) ' <<<"$lines" || true
fi
[ -z "${PLAN_ONLY:-}" ] || exit 0
gonogo run isotropy "$@"
[ -n "$dry" ] || gonogo criteria isotropy ${judged[@]+"${judged[@]}"}
