# Give CPUs their governors: `set_governors POLICY GOVERNOR POLICY GOVERNOR …`. Prints "governor<tab>POLICY<tab>what it is
# now", so that one that was refused is seen. $R is the folder of the board's files, empty on a real one.

set_governors() {
    while [ $# -gt 1 ]; do
        file=$R/sys/devices/system/cpu/cpufreq/$1/scaling_governor
        { printf '%s\n' "$2" >"$file"; } 2>/dev/null
        now=
        read -r now <"$file"
        printf 'governor\t%s\t%s\n' "$1" "$now"
        shift 2
    done 2>/dev/null
}
