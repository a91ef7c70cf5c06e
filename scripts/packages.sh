# For sourcing. Expects `say` of whoever sources it.

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

is_installed() { # package
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# Installs the Debian packages that are not there yet.
debian_packages() { # package...
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    say "please install: ${missing[*]}"
    return 1
  fi
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Installs the npm packages of a folder, again only when the lock file changed.
npm_packages() { # folder
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock" 2>/dev/null && return
  say "installing npm packages of $(cd "$1" && pwd)"
  # `ci` refuses a lock file that lacks some platforms' packages, as when a registry lacked them;
  # `install` keeps to the versions in it all the same.
  (
    cd "$1"
    flags=(--ignore-scripts --no-audit --no-fund --loglevel=error)
    npm ci "${flags[@]}" 2>/dev/null || npm install --no-save "${flags[@]}"
  )
  cp "$1/package-lock.json" "$1/node_modules/.installed-lock"
}
