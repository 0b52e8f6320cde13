# Run the program in "$@" between two readings, with light ones while it runs, every $every_s seconds. Its output goes
# through a pipe into a file of at most $most_output_blocks, the rest is thrown away; any other file that it writes may
# have $most_file_blocks (of 512 bytes). After $most_ticks of the light readings, the program and its children are ended.
# Needs readings.sh. Uses files of its own in the current folder, and removes them.

own=watch.$$
ticks=0

# A process and its children, as numbers.
family() {
    echo "$1"
    for child in $(grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status); do
        child=${child#/proc/}
        family "${child%/status}"
    done
}

# Ask a process and its children to end, and end those that have not after two seconds.
end_family() {
    doomed=$(family "$1")
    kill -TERM $doomed
    patience=20
    for process in $doomed; do
        while grep -q '^State:[[:space:]]*[^XZ[:space:]]' "/proc/$process/status" && [ "$((patience -= 1))" -gt 0 ]; do
            sleep 0.1 >/dev/null
        done
    done
    kill -KILL $doomed
}

sample() {
    while sleep "$every_s" >/dev/null 2>&1; do
        reading light "$program" >>"$own.samples"
        ticks=$((ticks + 1))
        [ "$ticks" -lt "$most_ticks" ] && continue
        : >"$own.late"
        end_family "$program"
        return
    done
}

watch() {
    [ -z "$affinity" ] || command -v taskset >/dev/null || return "$no_taskset"
    mkfifo "$own.pipe" || return
    ulimit -c 0
    ulimit -f "$most_file_blocks"
    {
        # Not head: it would keep what it read until the end, which never comes if a child of the program stays.
        (ulimit -f "$most_output_blocks" && exec cat >"$own.output")
        wc -c >"$own.rest"
    } <"$own.pipe" 2>/dev/null &
    drain=$!
    reading full
    "$@" >"$own.pipe" 2>&1 </dev/null &
    program=$!
    : >"$own.samples"
    sample 2>/dev/null &
    sampler=$!
    wait "$program"
    code=$?
    reading full >"$own.after"
    if [ -e "$own.late" ]; then wait "$sampler"; else kill "$sampler" 2>/dev/null; fi
    wait "$sampler" 2>/dev/null
    # What the program left running may still hold the pipe: that is waited for no longer than a second.
    waited=0
    while [ ! -s "$own.rest" ] && [ "$waited" -lt 10 ]; do
        sleep 0.1
        waited=$((waited + 1))
    done
    [ -s "$own.rest" ] || end_family "$drain" 2>/dev/null
    cat "$own.samples"
    printf '\nlast\n'
    cat "$own.after"
    late=
    [ ! -e "$own.late" ] || late=late
    printf '\nended\t%s\t%s\n' "$code" "$late"
    echo output
    cat "$own.output"
    rm -f "$own".*
}
