# One session of npufit on a board: what runs in it, for how long, and that nothing of it stays.
# `sh FOLDER/.npufit/session VERB …`, in any POSIX shell. Before these lines stand the session's own values: id, margin,
# interval.
#   FOLDER/.npufit/lease.N   empty; the session is over once the board has been up for N seconds (boards' clocks jump)
#   FOLDER/.npufit/ends/N    scripts that run at the end, the last one first

export LC_ALL=C
umask 077
PATH=${PATH:+$PATH:}/usr/sbin:/sbin:/usr/bin:/bin
state=${0%/*}
folder=${state%/*}
setsid=$(command -v setsid)

read_uptime() {
  { read -r now _ </proc/uptime; } 2>/dev/null || now=$(date +%s)
  now=${now%%.*}
}

# extend SECONDS: the session goes on for so long, and the margin. Renaming works on a full disk too.
extend() {
  read_uptime
  for lease in "$state"/lease.*; do
    mv "$lease" "$state/lease.$((now + $1 + margin))" 2>/dev/null
  done
}

# The frame around the answer. 3 and 4 are the streams to npufit, which what runs here does not get.
begin() {
  trap : PIPE # a lost line must not end this shell before it has ended what it started
  exec 3>&1 4>&2
  printf '%s begin\n' "$token" >&3
  printf '%s begin\n' "$token" >&4
}

finish() {
  printf '\n%s end %s\n' "$token" "$1" >&3
  printf '\n%s end %s\n' "$token" "$1" >&4
}

# marked TEXT: the processes that have it in their environment, and so has all that they started. Some greps stop at a
# NUL (BusyBox's does with -F).
marked() {
  if printf 'a\0b\n' | grep -q -e b; then
    grep -l -e "$1" /proc/[0-9]*/environ
  else
    for environ in /proc/[0-9]*/environ; do
      ! tr '\0' '\n' <"$environ" | grep -q -e "$1" || echo "$environ"
    done
  fi 2>/dev/null | tr -c -d '0-9\n'
}

# end_all TEXT [GROUP]: ask, then kill, what has the text or is in the process group. Fails if something does not end.
end_all() {
  for signal in TERM KILL KILL; do
    [ -z "$2" ] || kill -s "$signal" -- "-$2" 2>/dev/null
    found=$(marked "$1")
    [ -z "$found" ] || kill -s "$signal" $found 2>/dev/null
    for pause in 0 1; do
      sleep "$pause"
      if [ -z "$(marked "$1")" ]; then
        [ -z "$2" ] || kill -s KILL -- "-$2" 2>/dev/null
        return 0
      fi
    done
  done
  return 1
}

# limited SECONDS COMMAND…: sets `code` to its exit code, to `over` once the time is over, to `stuck` if it does not end
# then.
limited() {
  over=
  trap 'over=1' USR1
  seconds=$1
  shift
  mark=NPUFIT_COMMAND=${id}_$$_${now}_
  exec 5<&0
  env "$mark" "NPUFIT_SESSION=$id" $setsid "$@" <&5 3>&- 4>&- 5<&- &
  child=$!
  exec 5<&-
  (
    trap 'kill $! 2>/dev/null; exit' TERM
    sleep "$seconds" &
    wait $!
    kill -s USR1 $$
  ) </dev/null >/dev/null 2>&1 3>&- 4>&- &
  timer=$!
  wait "$child"
  code=$?
  if [ -n "$over" ]; then
    group=
    [ -z "$setsid" ] || group=$child
    code=over
    kill "$child" 2>/dev/null
    end_all "$mark" "$group" || code=stuck
  fi
  kill "$timer" 2>/dev/null
}

# run TOKEN SECONDS, with the script on standard input
run() {
  token=$1
  extend "$2"
  begin
  cd "$folder" || exit
  limited "$2" sh -s
  extend 0
  finish "$code"
}

# put TOKEN SECONDS MODE NAME, with the content on standard input; prints its digest, if something here computes one
put() {
  token=$1
  extend "$2"
  begin
  file=$folder/$4
  mkdir -p "${file%/*}" && cat >"$file.part" && chmod "$3" "$file.part" && mv -f "$file.part" "$file" && digest "$file"
  code=$?
  [ "$code" -eq 0 ] || rm -f "$file.part"
  extend 0
  finish "$code"
}

digest() {
  {
    sha256sum <"$1" || busybox sha256sum <"$1" || openssl dgst -sha256 <"$1" || shasum -a 256 <"$1" ||
      python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())' <"$1"
  } 2>/dev/null || echo unknown
}

renew() {
  token=$1
  begin
  extend 0
  finish 0
}

# End what runs, put things back, remove the folder.
clean() {
  end_all "NPUFIT_SESSION=$id"
  cd / || exit
  for end in $(ls -r "$state/ends"); do
    read_uptime
    limited 20 sh "$state/ends/$end" </dev/null >/dev/null
  done
  end_all "NPUFIT_SESSION=$id"
  rm -rf "$folder"
}

close() {
  token=$1
  begin
  for file in "$state"/watchdog.*; do kill "${file##*.}" 2>/dev/null; done
  clean
  [ ! -e "$folder" ]
  finish $?
}

# What ends a session whose npufit no longer says anything: one `sleep` at a time, nothing else. Closes its output when it
# is ready.
watch() {
  trap '' HUP
  trap 'kill $! 2>/dev/null; exit' TERM
  : >"$state/watchdog.$$"
  exec >/dev/null
  while :; do
    sleep "$interval" &
    wait $!
    [ -e "$state" ] || break
    read_uptime
    for lease in "$state"/lease.*; do
      if [ "$now" -ge "${lease##*.}" ] 2>/dev/null; then
        trap '' TERM
        clean
        exit
      fi
    done
  done
  end_all "NPUFIT_SESSION=$id"
}

"$@"
exit
