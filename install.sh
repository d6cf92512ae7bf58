#!/bin/sh
# Installs mesh-llm for one user, or removes it: docs/install.md. `sh install.sh --help` lists the options.
#
# Everything happens in functions that the last line calls, so that a script that was cut short does nothing.
set -eu
umask 022
LC_ALL=C
export LC_ALL

# The same as in package.json and in src/cli/update/release_key.ts.
REPOSITORY="https://repository.invalid/mesh-llm"
RELEASE_KEY="no-release-key-has-been-made-for-this-source"

# The first 12 bytes of every Ed25519 key in SubjectPublicKeyInfo, in base64.
SPKI_PREFIX="MCowBQYDK2VwAyEA"

# A server that does not answer, and one that stops in the middle.
CONNECT_SECONDS=20
SILENCE_SECONDS=60

usage() {
  cat <<'HELP'
Usage: install.sh [options]

Installs mesh-llm into ~/.local/bin, without root.

  --version V      this version, in place of the latest; also an older one
  --prefix DIR     install into DIR/bin, in place of ~/.local/bin
  --from PLACE     take the release from this folder, or from a server that has
                   the same addresses as the repository's releases
  --uninstall      show what was installed, ask, and remove it; models, keys and
                   settings in ~/.mesh-llm stay
  --purge          with --uninstall: remove ~/.mesh-llm as well
  --yes            with --uninstall: ask nothing
  --help           print this help

The proxy is that of curl or wget: HTTPS_PROXY, NO_PROXY.
HELP
}

say() { printf '%s\n' "$*"; }
fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

main() {
  version="" prefix="" from="" uninstall=no purge=no yes=no
  while [ $# -gt 0 ]; do
    case $1 in
      --version | --prefix | --from)
        if [ $# -lt 2 ] || [ -z "$2" ]; then fail "$1 needs a value"; fi
        case $1 in
          --version) version=${2#v} ;;
          --prefix) prefix=$2 ;;
          --from) from=$2 ;;
        esac
        shift
        ;;
      --uninstall) uninstall=yes ;;
      --purge) purge=yes ;;
      --yes) yes=yes ;;
      -h | --help)
        usage
        exit 0
        ;;
      *) fail "There is no option $1: --help lists them" ;;
    esac
    shift
  done
  if [ -z "$prefix" ]; then
    [ -n "${HOME:-}" ] || fail "There is no home directory: name a folder with --prefix"
    prefix=$HOME/.local
  fi
  case $prefix in
    /*) ;;
    *) prefix=$PWD/$prefix ;;
  esac
  bin=$prefix/bin
  if [ "$uninstall" = yes ]; then
    remove_all
  else
    [ "$purge" = no ] || fail "--purge goes with --uninstall only"
    check_version "$version"
    install_release
  fi
}

# Versions become parts of paths and addresses.
check_version() {
  case $1 in
    *[!0-9A-Za-z.+-]*) fail "$1 is no version: versions look like 1.2.3" ;;
  esac
}

# ---- the platform ----

find_target() {
  os=$(uname -s)
  processor=$(uname -m)
  # A shell that is translated on Apple's processors says x86_64.
  if [ "$os" = Darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || true)" = 1 ]; then
    processor=arm64
  fi
  case $os in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "mesh-llm runs on Linux and macOS, and this is $os. On Windows it runs in WSL2" ;;
  esac
  case $processor in
    x86_64 | amd64) processor=x64 ;;
    aarch64 | arm64) processor=arm64 ;;
    *) fail "There is no mesh-llm for $processor processors: they are x86-64 and 64-bit ARM" ;;
  esac
  if [ "$os" = linux ] && ldd --version 2>&1 | grep -qi musl; then
    fail "This system has musl, and mesh-llm needs glibc 2.34: use a container of Debian on it"
  fi
  target=$os-$processor
}

# ---- where it comes from ----

# fetch NAME PLACE FILE: PLACE is a version, or "latest".
fetch() {
  case $from in
    "" | http://* | https://*)
      base=${from:-$REPOSITORY/releases}
      case $2 in
        latest) download "${base%/}/latest/download/$1" "$3" ;;
        *) download "${base%/}/download/v$2/$1" "$3" ;;
      esac
      ;;
    *)
      [ -f "$from/$1" ] || return 1
      cp "$from/$1" "$3"
      ;;
  esac
}

download() {
  if has curl; then
    set -- "$1" "$2" --fail --silent --show-error --location --retry 2 --output "$2" \
      --connect-timeout "$CONNECT_SECONDS" --speed-limit 1 --speed-time "$SILENCE_SECONDS"
    url=$1
    shift 2
    # No redirect leads from https to anything else.
    case $url in
      https://*) set -- "$@" --proto =https ;;
    esac
    curl "$@" "$url"
  elif has wget; then
    wget -q --tries=2 --timeout="$SILENCE_SECONDS" -O "$2" "$1"
  else
    fail "Neither curl nor wget is here: install one of them"
  fi
}

# ---- what it must be ----

sha256_of() {
  if has sha256sum; then
    sha256sum <"$1" | cut -d ' ' -f 1
  elif has shasum; then
    shasum -a 256 <"$1" | cut -d ' ' -f 1
  elif has openssl; then
    openssl dgst -sha256 -r <"$1" | cut -d ' ' -f 1
  else
    fail "Neither sha256sum nor shasum nor openssl is here to check what was downloaded"
  fi
}

# Ed25519 came to this command with OpenSSL 3; macOS has LibreSSL.
can_verify() {
  has openssl || return 1
  openssl pkey -pubin -in "$work/key.pem" -noout 2>/dev/null || return 1
  openssl pkeyutl -help 2>&1 | grep -q -- -rawin
}

check_signature() {
  {
    say "-----BEGIN PUBLIC KEY-----"
    say "$SPKI_PREFIX$RELEASE_KEY"
    say "-----END PUBLIC KEY-----"
  } >"$work/key.pem"
  if ! can_verify; then
    say "The signature is not checked, for there is no OpenSSL 3 here: the checksum is all that is"
    return
  fi
  fetch SHA256SUMS.sig "$1" "$work/sums.sig" ||
    fail "There is no signature of the release (SHA256SUMS.sig): nothing was installed"
  openssl pkeyutl -verify -pubin -inkey "$work/key.pem" -rawin -in "$work/sums" \
    -sigfile "$work/sums.sig" >/dev/null 2>&1 ||
    fail "The signature of the release is not mesh-llm's: nothing was installed"
}

# The line of SHA256SUMS for this platform, of the named version where there is one: its digest, and the name.
find_archive() {
  line=$(awk -v version="$version" -v end="-$target.tar.gz" '
    length($1) == 64 && index($2, "mesh-llm-") == 1 && substr($2, length($2) - length(end) + 1) == end {
      found = substr($2, 10, length($2) - 9 - length(end))
      if (version == "" || found == version) print $1, found
    }' "$work/sums" | head -n 1)
  [ -n "$line" ] || fail "The release holds no mesh-llm ${version:+$version }for $target"
  digest=${line%% *}
  found=${line#* }
  check_version "$found"
  archive=mesh-llm-$found-$target.tar.gz
}

# Whether version $1 is older than $2; one with a hyphen comes before the same without.
is_older() {
  awk -v a="$1" -v b="$2" 'BEGIN {
    sub(/\+.*/, "", a); sub(/\+.*/, "", b)
    aHyphen = index(a, "-"); bHyphen = index(b, "-")
    split(a, x, /[.-]/); split(b, y, /[.-]/)
    for (i = 1; i <= 3; i++) if (x[i] + 0 != y[i] + 0) exit !(x[i] + 0 < y[i] + 0)
    exit !(aHyphen && !bHyphen)
  }'
}

# Without a word, a server that only has old releases would bring their faults back.
refuse_downgrade() {
  installed=""
  [ ! -x "$bin/mesh-llm" ] || installed=$("$bin/mesh-llm" --version 2>/dev/null) || installed=""
  if [ -z "$version" ] && [ -n "$installed" ] && is_older "$found" "$installed"; then
    fail "mesh-llm $installed is installed, and the latest here is $found: --version $found installs it all the same"
  fi
}

# ---- how it gets there ----

# In the folder of the executable, since only within one file system is a rename a single step.
make_work() {
  made=""
  folder=$bin
  while [ ! -d "$folder" ]; do
    made="$folder
$made"
    folder=${folder%/*}
    [ -n "$folder" ] || folder=/
  done
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mkdir -p "$bin" 2>/dev/null || fail "Cannot make $bin: name another folder with --prefix"
  remove_leftovers
  work=$bin/.mesh-llm-install.$$
  mkdir "$work" 2>/dev/null || fail "Cannot write to $bin: name another folder with --prefix"
}

# Of an installation that was killed. One that runs now has a process of its number.
remove_leftovers() {
  for left in "$bin"/.mesh-llm-install.*; do
    [ -d "$left" ] || continue
    kill -0 "${left##*.}" 2>/dev/null || rm -rf "$left"
  done
}

clean_up() {
  status=$?
  trap - EXIT
  [ -z "${work:-}" ] || rm -rf "$work"
  if [ "$status" -ne 0 ]; then
    # The deepest first, and only while they are empty.
    say "$made" | sort -r | while read -r folder; do
      [ -z "$folder" ] || rmdir "$folder" 2>/dev/null || true
    done
  fi
  exit "$status"
}

install_release() {
  case $RELEASE_KEY in
    no-release-key*) fail "This install.sh is of a source that nobody has released: deno task compile makes an executable of it" ;;
  esac
  find_target
  make_work
  from_place=${from:-$REPOSITORY}
  fetch SHA256SUMS "${version:-latest}" "$work/sums" ||
    fail "Could not get the list of the release from $from_place: nothing was installed"
  check_signature "${version:-latest}"
  find_archive
  refuse_downgrade
  say "Installing mesh-llm $found for $target into $bin"
  fetch "$archive" "$found" "$work/archive" ||
    fail "Could not get $archive from $from_place: nothing was installed"
  [ "$(sha256_of "$work/archive")" = "$digest" ] ||
    fail "$archive is not what the release lists, or was cut short: nothing was installed"
  tar -xzf "$work/archive" -C "$work" || fail "Could not unpack $archive into $bin: nothing was installed"
  rm -f "$work/archive"
  unpacked=$work/mesh-llm-$found-$target
  answer=$("$unpacked/mesh-llm" --version 2>&1) || true
  [ "$answer" = "$found" ] ||
    fail "mesh-llm $found does not run here, so nothing was installed: $(say "$answer" | head -n 1)"
  keep_former
  mv -f "$unpacked/mesh-llm" "$bin/mesh-llm" || fail "Could not put mesh-llm into $bin"
  install_completions
  say "mesh-llm $found is installed"
  tell_path
}

# For `mesh-llm update --rollback`. The executable never misses: its second name is made first.
keep_former() {
  [ -f "$bin/mesh-llm" ] || return 0
  # Installed once more, it is no former version.
  [ "$installed" != "$found" ] || return 0
  ln "$bin/mesh-llm" "$work/previous" 2>/dev/null || cp -p "$bin/mesh-llm" "$work/previous" ||
    fail "Could not keep the former mesh-llm in $bin: nothing was installed"
  # An installation that was killed after this line has left both names to one file, which can't be moved onto itself.
  mv -f "$work/previous" "$bin/mesh-llm.previous" 2>/dev/null || true
}

# Where the shells look by themselves. Without them mesh-llm works all the same.
install_completions() {
  put_completion mesh-llm.bash "$prefix/share/bash-completion/completions/mesh-llm"
  put_completion _mesh-llm "$prefix/share/zsh/site-functions/_mesh-llm"
  put_completion mesh-llm.fish "$prefix/share/fish/vendor_completions.d/mesh-llm.fish"
}

put_completion() {
  mkdir -p "${2%/*}" 2>/dev/null || return 0
  cp "$unpacked/completions/$1" "$2" 2>/dev/null || return 0
}

tell_path() {
  case ":$PATH:" in
    *":$bin:"*)
      first=$(command -v mesh-llm || true)
      [ "$first" = "$bin/mesh-llm" ] ||
        say "Another one comes first on your PATH: $first"
      ;;
    *)
      say "$bin is not on your PATH. This puts it there, now and in your shell's profile:"
      # The reader's shell is to expand it.
      # shellcheck disable=SC2016
      printf '  export PATH="%s:$PATH"\n' "$bin"
      ;;
  esac
}

# ---- how it goes away ----

remove_all() {
  data=${MESH_LLM_HOME:-${HOME:-}/.mesh-llm}
  set --
  for file in "$bin/mesh-llm" "$bin/mesh-llm.previous" \
    "$prefix/share/bash-completion/completions/mesh-llm" \
    "$prefix/share/zsh/site-functions/_mesh-llm" \
    "$prefix/share/fish/vendor_completions.d/mesh-llm.fish"; do
    [ ! -e "$file" ] || set -- "$@" "$file"
  done
  if [ "$purge" = yes ] && is_data "$data"; then set -- "$@" "$data"; fi
  if [ $# -eq 0 ]; then
    say "mesh-llm is not installed in $bin"
    return
  fi
  refuse_service
  say "This removes:"
  for file in "$@"; do say "  $file"; done
  if [ "$purge" = no ] && [ -d "$data" ]; then
    say "This stays, with models, keys and settings: $data (--purge removes it too)"
  fi
  say "A node that runs goes on until mesh-llm stop"
  [ "$yes" = yes ] || agreed || fail "Nothing was removed"
  for file in "$@"; do rm -rf "$file" || fail "Could not remove $file"; done
  say "Removed"
}

# The system would start what is no longer there, again and again. A unit of the whole machine may be of another prefix.
refuse_service() {
  for unit in "${XDG_CONFIG_HOME:-${HOME:-}/.config}/systemd/user/mesh-llm.service" \
    "${HOME:-}/Library/LaunchAgents/mesh-llm.plist" /etc/systemd/system/mesh-llm.service; do
    if [ -f "$unit" ] && grep -qF "$bin/mesh-llm" "$unit"; then
      fail "A service runs it ($unit): run mesh-llm service uninstall first. Nothing was removed"
    fi
  done
}

# A variable that names another folder by mistake must not cost what is in it.
is_data() {
  [ "$1" != "${HOME:-}" ] || return 1
  [ -f "$1/lock" ] || [ -f "$1/identity.json" ]
}

# The standard input may be this script.
agreed() {
  # In a shell of its own, since dash ends where it can't open what it redirects from.
  (: </dev/tty) 2>/dev/null || fail "Nothing was removed, for there is no terminal to ask on: --yes asks nothing"
  printf 'Remove them? [y/N] ' >/dev/tty
  read -r answer </dev/tty || return 1
  case $answer in
    y | Y | yes | Yes) return 0 ;;
    *) return 1 ;;
  esac
}

main "$@"
