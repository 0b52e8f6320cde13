# What the board says of itself at one moment: `reading full` or `reading light`. It starts no process for each file,
# because light readings are taken while a model is timed. Lines are a word and fields that tabs separate, and those of
# fdinfo as they are. $R is the folder of the board's files, empty on a real one.

tab=$(printf '\t')

zones() {
    for zone in "$R"/sys/class/thermal/thermal_zone*; do
        read -r celsius <"$zone/temp" && read -r type <"$zone/type" || continue
        trips=
        if [ "$1" = full ]; then
            for trip in "$zone"/trip_point_*_type; do
                read -r kind <"$trip" && read -r at <"${trip%_type}_temp" && trips="$trips,$kind:$at"
            done
        fi
        printf 'zone\t%s\t%s\t%s\t%s\n' "${zone##*/}" "$celsius" "${trips#,}" "$type"
    done
}

clocks() {
    for policy in "$R"/sys/devices/system/cpu/cpufreq/policy*; do
        read -r governor <"$policy/scaling_governor" || continue
        now= highest= cores=
        read -r now <"$policy/scaling_cur_freq"
        read -r highest <"$policy/cpuinfo_max_freq"
        read -r cores <"$policy/affected_cpus"
        printf 'clock\t%s\t%s\t%s\t%s\t%s\n' "${policy##*/}" "$now" "$highest" "$governor" "$cores"
    done
}

memory() {
    while read -r name amount _; do
        case $name in MemTotal: | MemFree: | MemAvailable: | CmaTotal: | CmaFree:) printf 'memory\t%s\t%s\n' "$name" "$amount" ;; esac
    done <"$R/proc/meminfo"
}

engines() {
    [ -z "$1" ] || grep -hE '^drm-(client-id|engine-)' "$R/proc/$1"/fdinfo/*
}

# A reading ends with `end`: one that was cut off is not believed. $1 is full or light, $2 the process to look at.
reading() {
    {
        echo reading
        read -r uptime _ <"$R/proc/uptime" && printf 'uptime\t%s\n' "$uptime"
        read -r load _ <"$R/proc/loadavg" && printf 'load\t%s\n' "$load"
        memory
        zones "$1"
        clocks
        engines "$2"
        [ "$1" = light ] || head -c 1048576 "$R/proc/interrupts" | sed "s/^/irq$tab/"
        printf '\nend\n'
    } 2>/dev/null </dev/null
}
