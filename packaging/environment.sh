# Sourced by run and test: a virtual environment in the checkout, from the lock files.
# Needs $root. Every step is skipped when nothing it depends on has changed.

venv=$root/.venv

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    if [ -n "$candidate" ] && "$candidate" -c \
      'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  die "Python 3.11, 3.12 or 3.13 is needed; set PYTHON to it if it is installed elsewhere."
}

can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_install() { # PACKAGE...
  say "Installing $* ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

make_venv() {
  local python
  python=$(find_python)
  # a venv does not survive its Python being replaced by another minor version
  if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    return
  fi
  # Debian keeps ensurepip, and with it a working venv, in a package of its own
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    can_apt || die "Python's venv module is missing. As root: apt-get install python3-venv"
    apt_install python3-venv
  fi
  rm -rf "$venv"
  "$python" -m venv "$venv"
}

# Runs a command when the fingerprint NAME differs from the one after its last success.
when_changed() { # NAME COMMAND...
  local name=$1 stamp=$venv/stamp-$1
  shift
  if [ "$(cat "$stamp" 2>/dev/null)" != "$(fingerprint "$name")" ]; then
    rm -f "$stamp"
    "$@"
    fingerprint "$name" >"$stamp"
  fi
}

install_lock() { # NAME, of packaging/NAME.lock
  when_changed "$1" pip_install "$1" --require-hashes -r "$root/packaging/$1.lock"
}

# An editable install takes the Python sources as they are; it is the web interface and the data
# files that have to be built.
install_project() {
  when_changed project \
    pip_install "the appliance" --no-deps --no-build-isolation --editable "$root"
}

warm_kernels() {
  when_changed kernels "$venv/bin/python" -m appliance.warmup
}

# Sources by content; what is made from them, which may have gone missing, by name.
fingerprint() { # NAME
  (
    cd "$root"
    case $1 in
    project)
      sha256_of pyproject.toml packaging/*.py packaging/data appliance/web
      LC_ALL=C ls appliance/web/dist appliance/data 2>&1
      ;;
    kernels)
      sha256_of appliance/kernels appliance/flows appliance/capture packaging/requirements.lock
      LC_ALL=C ls "${CACHE_DIRECTORY:-}" 2>&1
      ;;
    *) sha256_of "packaging/$1.lock" ;;
    esac
  ) | sha256sum
}

sha256_of() { # FILE_OR_FOLDER...
  find "$@" -type f -not -path '*/node_modules/*' -not -path '*/dist/*' \
    -not -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
}

pip_install() { # LABEL ARGUMENT...
  say "Installing $1 ..."
  shift
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@"
}
