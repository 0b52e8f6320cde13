# Opens a session on a board, in any POSIX shell: finds a place for its folder, and starts its watchdog. Before these
# lines stand the values token, id, margin, interval, wanted, and the function `session` that prints the session's script.
# Prints the folder, and whether files there can be executed.

# suits BASE: makes the folder there and writes the script
suits() {
  folder=${1%/}/npufit-$id
  mkdir "$folder" || return 1
  if mkdir "$folder/.npufit" "$folder/.npufit/ends" && session >"$folder/.npufit/session" &&
    grep -q -x exit "$folder/.npufit/session"; then
    return 0
  fi
  rm -rf "$folder"
  return 1
}

can_execute() {
  printf '#!/bin/sh\nexit 0\n' >"$folder/.npufit/trial" && chmod 700 "$folder/.npufit/trial" &&
    "$folder/.npufit/trial" 2>/dev/null
}

has_room() {
  set -- $(df -k "$folder" 2>/dev/null | tail -n 1)
  while [ $# -gt 3 ]; do shift; done
  [ "${1:-0}" -ge 65536 ] 2>/dev/null
}

# choose TEST…: sets `folder` to one in the first base that passes; the reasons against others go to standard error
choose() {
  for base in $bases; do
    suits "$base" || continue
    passed=yes
    for test; do "$test" || passed=no; done
    [ "$passed" = no ] || return 0
    rm -rf "$folder"
  done
  return 1
}

# Where temporary files may be, with only such names as no shell interprets.
list_bases() {
  for base in "$TMPDIR" /tmp /dev/shm "$XDG_RUNTIME_DIR" /run /var/tmp "$HOME"; do
    case $base in
    *[!A-Za-z0-9/._+-]*) ;;
    /*) [ ! -d "$base" ] || echo "$base" ;;
    esac
  done
}

# A session that a restart of the board ended may have left its folder on a disk.
remove_older() {
  for older in "$base"/npufit-*/.npufit/boot.*; do
    [ "${older##*.}" = "$boot" ] || [ ! -e "$older" ] || rm -rf "${older%/.npufit/*}"
  done
}

open() {
  printf '%s begin\n' "$token"
  printf '%s begin\n' "$token" >&2
  umask 077
  cd /
  bases=${wanted:-$(list_bases)}
  executable=yes
  code=0
  if choose can_execute has_room 2>/dev/null || choose can_execute 2>/dev/null || { executable=no && choose; }; then
    { read -r now _ </proc/uptime; } 2>/dev/null || now=$(date +%s)
    : >"$folder/.npufit/lease.$((${now%%.*} + margin))"
    { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null && : >"$folder/.npufit/boot.$boot" && remove_older
    rm -f "$folder/.npufit/trial"
    # The substitution ends once the watchdog closes its output.
    : "$($(command -v setsid) sh "$folder/.npufit/session" watch </dev/null 2>/dev/null &)"
    echo "$folder $executable"
  else
    code=1
  fi
  printf '\n%s end %s\n' "$token" "$code"
  printf '\n%s end %s\n' "$token" "$code" >&2
}

open </dev/null
exit
