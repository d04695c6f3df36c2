# Sourced by the aliases, which set $here: $python is $PYTHON, or the project's own environment, or
# the python3 of the path.
python="${PYTHON:-$here/../.venv/bin/python}"
[ -x "$python" ] || python="$(command -v "${PYTHON:-python3}")" || python="${PYTHON:-python3}"

need_gonogo() {
  "$python" -c 'import gonogo' 2>/dev/null && return
  echo "error: $python has no gonogo (make test installs it into .venv, or set PYTHON)" >&2
  exit 2
}
