#!/usr/bin/env bash
# Run the distillation study: an alias of `gonogo run distillation` with the same options, which
# also understands the environment variables that track_b.py lists.
set -euo pipefail
exec "${PYTHON:-python3}" "$(dirname "${BASH_SOURCE[0]}")/track_b.py" "$@"
