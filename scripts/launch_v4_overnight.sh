#!/usr/bin/env bash
# Start the two-tower study in the background: an alias of `gonogo run two_tower` with the same options.
set -euo pipefail

out=outputs
for ((i = 1; i <= $#; i++)); do
  case "${!i}" in
    -o | --out) j=$((i + 1)); out="${!j:-$out}" ;;
    --out=*) out="${!i#--out=}" ;;
  esac
done

command -v gonogo >/dev/null || { echo "error: gonogo is not installed here (pip install -e .)" >&2; exit 2; }
# The dry run resolves the study, checks data against their manifests, and touches nothing.
gonogo run two_tower "$@" --dry-run >/dev/null || {
  echo "error: the study cannot run yet; make its data first:" >&2
  echo "  gonogo data bank SOURCE... --out next_vector/bank" >&2
  echo "  gonogo data pairs next_vector/bank --out next_vector/pairs --context 30 --stride 3 --max-per-seq 400 --seed 7" >&2
  echo "  gonogo data preflight next_vector/pairs --epochs 30" >&2
  exit 2
}

folder="$out/two_tower"
mkdir -p "$folder"
pid_file="$folder/two_tower.pid"
if [[ -f "$pid_file" ]] && kill -0 "$(cat "$pid_file")" 2>/dev/null; then
  echo "error: process $(cat "$pid_file") is running already ($pid_file)" >&2
  exit 2
fi

nohup gonogo run two_tower "$@" >"$folder/overnight.log" 2>&1 &
echo $! >"$pid_file"
echo "started, process $(cat "$pid_file") ($pid_file)"
echo "watch   tail -f $folder/overnight.log"
echo "        grep -E \"Epoch|Recall@500|Separation\" $folder/*/trials/*/*/logs/*.log"
echo "stop    kill -INT \$(cat $pid_file)    what was done is kept; the same command goes on"
