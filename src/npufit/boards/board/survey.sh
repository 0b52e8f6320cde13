# What this board is and has. It changes nothing, opens no device, and asks for nothing that identifies a person or one
# board: no host name, serial number, address or /proc/cmdline. POSIX sh with the programs of BusyBox.
#
# `tell NAME COMMAND` prints a line "=NAME<tab>COMMAND" and each line of the answer after "|". Where the command is a
# function of this script, a third argument is what a person would type instead. $R is the folder of the board's files,
# empty on a real one.

tell() {
    printf '\n=%s\t%s\n' "$1" "${3:-$2}"
    eval "$2" 2>/dev/null </dev/null | head -c "$most_bytes" | tr '\0\r' '\n\n' | sed 's/^/|/'
}

# Lines "path mode owner group open|closed driver" of device nodes.
nodes() {
    for node in "$R"/dev/ethosu* "$R"/dev/neutron* "$R"/dev/galcore "$R"/dev/accel/* "$R"/dev/dri/renderD*; do
        [ -e "$node" ] || continue
        set -- $(ls -ld "$node")
        may=closed
        [ -r "$node" ] && [ -w "$node" ] && may=open
        driver=
        for link in "$R"/sys/class/*/"${node##*/}"/device/driver; do
            [ ! -L "$link" ] || driver=$(readlink "$link")
        done
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "${node#"$R"}" "$1" "$3" "$4" "$may" "${driver##*/}"
    done
}

# Lines "kind path bytes sha256 what-it-says" of the files in "$@" after the kind and the pattern of what is looked for.
# A file that is too large, or comes after too many, is named without its digest.
files() {
    kind=$1 pattern=$2
    shift 2
    for file in "$@"; do
        [ -f "$file" ] && [ -r "$file" ] || continue
        real=$(readlink -f "$file")
        case "$seen" in *":$real:"*) continue ;; esac
        seen="$seen:$real:"
        bytes=$(wc -c <"$file") bytes=$((bytes))
        sum= says=
        if [ $((hashed + bytes)) -le "$most_hashed" ]; then
            hashed=$((hashed + bytes))
            sum=$(sha256sum <"$file" | cut -c 1-64)
            [ -z "$pattern" ] || says=$(tr '\0' '\n' <"$file" | grep -aoE "$pattern" | sort -u | head -n 12 | tr '\n' ' ')
        fi
        printf '%s\t%s\t%s\t%s\t%s\n' "$kind" "$file" "$bytes" "$sum" "$says"
    done
}

# The folders that programs are looked for in, below $R.
in_path() {
    printf '%s\n' "$PATH" | tr ':' '\n' | while read -r folder; do
        [ -f "$R$folder/$1" ] && [ -x "$R$folder/$1" ] && printf '%s\n' "$R$folder/$1" && break
    done
}

all_files() {
    seen= hashed=0
    for folder in "$R"/usr/lib "$R"/usr/lib64 "$R"/usr/lib/*-linux-gnu* "$R"/usr/lib/teflon "$R"/lib "$R"/lib64 \
        "$R"/usr/local/lib "$R"/usr/local/lib/*-linux-gnu* "$R"/opt/*/lib; do
        files delegate "$teflon_says" "$folder"/libteflon.so
        files delegate "$delegate_says" "$folder"/libethosu_delegate.so "$folder"/libneutron_delegate.so \
            "$folder"/liblitert_neutron_delegate.so "$folder"/libvx_delegate.so "$folder"/libethosu_direct_delegate.so
    done
    files firmware '' "$R"/lib/firmware/ethosu_firmware* "$R"/lib/firmware/Neutron*.elf
    for folder in "$R"/usr/bin/tensorflow-lite-*/examples; do
        files tool '' "$folder"/benchmark_model "$folder"/label_image
        files model '' "$folder"/mobilenet*.tflite
    done
    for name in benchmark_model label_image litert-benchmark vela; do files tool '' "$(in_path "$name")"; done
}

pythons() {
    found= limit=
    timeout 5 true && limit='timeout 20'
    for python in "$(in_path python3)" "$R/usr/bin/python3" "$R/usr/local/bin/python3"; do
        [ -x "$python" ] || continue
        real=$(readlink -f "$python")
        case "$found" in *":$real:"*) continue ;; esac
        found="$found:$real:"
        printf '%s\t' "$python"
        $limit "$python" -c "$python_runtimes" | head -n 1
        echo
    done
}

zones() {
    for zone in "$R"/sys/class/thermal/thermal_zone*; do
        read -r celsius <"$zone/temp" && read -r type <"$zone/type" && printf '%s %s\n' "$type" "$celsius"
    done
}

# The log of a kernel whose files are elsewhere would be that of another machine.
kernel_log() {
    if [ -n "$R" ]; then cat "$R/var/log/dmesg"; else dmesg; fi | grep -E 'Ethos-U NPU, arch|Galcore version' | tail -n 4
}

# Which drivers of NPUs the kernel was built with; CONFIG_DRM only shows that its configuration is known.
kernel_config() {
    { zcat "$R/proc/config.gz" || cat "$R/boot/config-$(cat "$R/proc/sys/kernel/osrelease")"; } |
        grep -E '^CONFIG_(DRM|DRM_ACCEL|DRM_ACCEL_ARM_ETHOSU|DRM_ACCEL_ROCKET|DRM_ETNAVIV|ETHOSU|MXC_GPU_VIV|NEUTRON)='
}

# What the device tree says of NPUs, with the state of each node.
npu_nodes() {
    cd "$R/sys/firmware/devicetree/base" || return
    find . -maxdepth 4 -type d | grep -E '/(npu@|ethosu|[a-z0-9-]*neutron|vipsi@)[^/]*$' | head -n 16 | while read -r node; do
        status=okay
        [ ! -r "$node/status" ] || status=$(tr -d '\0' <"$node/status")
        printf '%s %s\n' "${node##*/}" "$status"
    done
}

survey() {
    tell root 'printf %s "$R"'
    tell user 'id -u'
    tell model 'cat $R/sys/firmware/devicetree/base/model'
    tell compatible 'cat $R/sys/firmware/devicetree/base/compatible'
    tell soc 'cat $R/sys/devices/soc0/soc_id'
    tell revision 'cat $R/sys/devices/soc0/revision'
    tell architecture 'cat $R/proc/sys/kernel/arch || uname -m'
    tell cpu "grep -E '^(CPU implementer|CPU part|model name)' \$R/proc/cpuinfo | sort -u"
    tell cores 'cat $R/sys/devices/system/cpu/online'
    tell kernel 'cat $R/proc/sys/kernel/osrelease'
    tell os "grep -E '^(ID|VERSION_ID|BUILD_ID|PRETTY_NAME)=' \$R/etc/os-release"
    tell memory "grep -E '^(MemTotal|MemAvailable|CmaTotal|CmaFree):' \$R/proc/meminfo"
    tell load 'cut -d " " -f 1-3 $R/proc/loadavg'
    tell governor 'cat $R/sys/devices/system/cpu/cpufreq/policy*/scaling_governor'
    tell clock 'cat $R/sys/devices/system/cpu/cpufreq/policy*/scaling_cur_freq'
    tell temperature zones 'grep . /sys/class/thermal/thermal_zone*/type /sys/class/thermal/thermal_zone*/temp'
    tell nodes nodes 'ls -l /dev/ethosu* /dev/neutron* /dev/galcore /dev/accel /dev/dri'
    tell npu-in-tree npu_nodes 'find /sys/firmware/devicetree/base -maxdepth 4 -type d -name "npu@*"'
    tell modules 'cd $R/sys/module && ls -d ethosu rocket etnaviv galcore neutron rknpu'
    tell kernel-config kernel_config 'zcat /proc/config.gz | grep -E "^CONFIG_(DRM_ACCEL.*|DRM_ETNAVIV)="'
    tell neutron-irq 'cat $R/sys/module/neutron/parameters/use_irq'
    tell galcore-version 'cat $R/sys/kernel/debug/gc/version || cat $R/sys/module/galcore/version'
    tell npu-in-log kernel_log 'dmesg | grep -E "Ethos-U NPU, arch|Galcore version"'
    tell tensorflow-lite 'ls -d $R/usr/bin/tensorflow-lite-*'
    tell files all_files 'sha256sum /usr/lib*/lib*delegate.so /usr/lib*/libteflon.so /lib/firmware/ethosu_firmware ...'
    tell pythons pythons 'python3 -c "import importlib.util, importlib.metadata"'
    tell end true
}

LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
