#!/bin/sh
# A stand-in for benchmark_model of TensorFlow Lite: it prints what a real one printed on a board, counts interrupts in a
# file, and executes nothing. Lines that begin with @ are filled in by tests/scripted_tools. It runs in BusyBox's shell.
# The options and what they print: TensorFlow's benchmark_model.cc and benchmark_tflite_model.cc.

prefix='@PREFIX@'
say() { printf '%s%s\n' "$prefix" "$*"; }
here=$(dirname "$0")
root=${NPUFIT_BOARD_ROOT:-}

graph='' threads='' delegate='' options='' xnnpack='' profile='' outputs='' shapes='' files='' unknown=''
warmup=1 runs=50 warmup_least=0.5 least=1 most=150
for option in "$@"; do
    value=${option#*=}
    case $option in
    --graph=*) graph=$value ;;
    --num_threads=*) threads=$value ;;
    --warmup_runs=*) warmup=$value ;;
    --warmup_min_secs=*) warmup_least=$value ;;
    --num_runs=*) runs=$value ;;
    --min_secs=*) least=$value ;;
    --max_secs=*) most=$value ;;
    --use_xnnpack=*) xnnpack=$value ;;
    --enable_op_profiling=*) profile=$value ;;
    --external_delegate_path=*) delegate=$value ;;
    --external_delegate_options=*) options=$value ;;
    --input_layer=*) ;;
    --input_layer_shape=*) shapes=$value ;;
    --input_layer_value_files=*) files=$value ;;
    --output_filepath=*) if [ -n '@WRITES_OUTPUTS@' ]; then outputs=$value; else unknown="$unknown $option"; fi ;;
    *) unknown="$unknown $option" ;;
    esac
done

number=1
if [ -n '@FAULT@' ]; then # which process of this tool it is
    number=$(($(cat "$0.runs" 2>/dev/null || echo 0) + 1))
    echo "$number" >"$0.runs"
fi
fault=''
if [ "$number" -ge '@FROM@' ]; then
    case '@WHEN@' in always) fault='@FAULT@' ;; npu) [ -z "$delegate" ] || fault='@FAULT@' ;; esac
fi

say 'STARTING!'
[ -z "$unknown" ] || printf 'WARN: Unconsumed cmdline flags:%s\n' "$unknown" >&2
say 'Log parameter values verbosely: [0]'
say "Min num runs: [$runs]"
[ -z "$threads" ] || say "Num threads: [$threads]"
say "Min warmup runs: [$warmup]"
say "Graph: [$graph]"
[ -z "$profile" ] || say 'Enable op profiling: [1]'
[ -z "$threads" ] || say "#threads used for CPU inference: [$threads]"
case $xnnpack in true) say 'Use xnnpack: [1]' ;; false) say 'Use xnnpack: [0]' ;; esac
[ -z "$delegate" ] || say "External delegate path: [$delegate]"
[ -z "$options" ] || say "External delegate options: [$options]"
if [ ! -r "$graph" ]; then
    printf 'ERROR: Could not open %s.\n' "'$graph'" >&2
    say "Failed to mmap model $graph"
    say 'Benchmarking failed.'
    exit 1
fi
say "Loaded model $graph"

case $fault in
hang) while :; do sleep 1; done ;;
crash) kill -SEGV $$ ;;
abort) printf 'terminate called after throwing an instance of std::bad_alloc\n' >&2 && kill -ABRT $$ ;;
full) printf 'write: No space left on device\n' >&2 && exit 1 ;;
flood) while :; do say 'the same line again and again, until somebody stops reading'; done ;;
drop) kill -9 $(cat "$root/drop.pid") && sleep 30 ;;
hostile)
    printf '\033[2J\033]0;owned\007\377\376\000count=-5 first=nan avg=inf\r\n'
    printf 'INFO: count=99999999999999999999 first=1e999 curr=NaN min=-1 max=1 avg=%0400d std=0\n' 7
    printf 'INFO: Inference timings in us: Init: nan, First inference: -1, Warmup (avg): 1e999, Inference (avg): NaN\n'
    exit 0
    ;;
esac

if [ -n "$delegate" ]; then
    case $fault in
    missing)
        printf 'INFO: Unable to load external delegate from : %s (libtim-vx.so: cannot open shared object file: No such file or directory)\n' "$delegate"
        say 'EXTERNAL delegate created.'
        ;;
    permission)
        printf 'Failed to create ethos_u driver.\n' >&2
        printf 'ERROR: Encountered unresolved custom op: ethos-u.\n' >&2
        say 'Failed to apply EXTERNAL delegate.'
        say 'Benchmarking failed.'
        exit 1
        ;;
    refused)
        say 'EXTERNAL delegate created.'
        say 'Though EXTERNAL delegate is explicitly applied, the model graph will not be executed by the delegate.'
        ;;
    *)
        cat <<'DELEGATE'
@DELEGATE_LINES@
DELEGATE
        say 'Explicitly applied EXTERNAL delegate, and the model graph will be completely executed by the delegate.'
        ;;
    esac
fi
case $xnnpack in
true) say 'XNNPACK delegate created.' ;;
'') [ -z '@SAYS_XNNPACK@' ] || printf 'INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n' >&2 ;;
esac
say 'The input model file size (MB): 4.2761'

unit=npu
[ -n "$delegate" ] || unit=cpu
case $fault in missing | refused) unit=cpu ;; esac
if [ $unit = npu ]; then
    session='@NPU_SESSION@' init='@NPU_INIT@' first='@NPU_FIRST@' warm_count='@NPU_WARM_COUNT@' warm='@NPU_WARM@' count='@NPU_COUNT@' timed='@NPU_TIMED@' mean='@NPU_MEAN@' one='@NPU_ONE@'
else
    session='@CPU_SESSION@' init='@CPU_INIT@' first='@CPU_FIRST@' warm_count='@CPU_WARM_COUNT@' warm='@CPU_WARM@' count='@CPU_COUNT@' timed='@CPU_TIMED@' mean='@CPU_MEAN@' one='@CPU_ONE@'
fi
case $warmup_least in 0 | 0.0) warm_count=$warmup ;; esac
case $least in 0 | 0.0) count=$runs ;; esac
statistics() { # count, what follows it, the only time if there is one
    if [ "$1" = 0 ]; then
        say 'count=0'
    elif [ "$1" != 1 ]; then
        say "count=$1 $2"
    elif [ -n '@MEDIAN@' ]; then
        say "count=1 curr=$3 p5=$3 median=$3 p95=$3"
    else
        say "count=1 curr=$3"
    fi
    echo
}

say "Initialized session in ${session}ms."
say "Running benchmark for at least $warmup iterations and at least $warmup_least seconds but terminate if exceeding $most seconds."
statistics "$warm_count" "$warm" "$first"
say "Running benchmark for at least $runs iterations and at least $least seconds but terminate if exceeding $most seconds."
[ -z '@SECONDS@' ] || sleep '@SECONDS@'

calls=$((warm_count + count))
if [ $unit = npu ] && [ "$fault" != liar ]; then
    awk -v calls=$calls -v lines='@INTERRUPTS@' '
        BEGIN { for (n = split(lines, pairs, ";"); n > 0; n--) { split(pairs[n], pair, "="); each[pair[1]] = pair[2] } }
        $NF in each { sub(/:[ \t]*[0-9]+/, sprintf(": %10d", $2 + calls * each[$NF])) }
        { print }' "$root/proc/interrupts" >"$here/interrupts.$$" &&
        cat "$here/interrupts.$$" >"$root/proc/interrupts"
    rm -f "$here/interrupts.$$"
    case $options in *enable_profiling:true*)
        n=0
        while [ "$n" -lt "$calls" ]; do cat "$here/call_profile.txt" && n=$((n + 1)); done
        ;;
    *enable_cycle_counter:true*)
        awk -v calls=$calls 'BEGIN { for (n = 0; n < calls; n++) printf "Ethos-u cycle counter: %d\n", @CYCLES@ + n % 7 }'
        ;;
    esac
    case ${TEFLON_DEBUG:-} in *verbose*)
        awk -v calls=$calls 'BEGIN { for (n = 0; n < calls; n++) print "teflon: invoked graph, took 7 ms" }'
        ;;
    esac
fi
statistics "$count" "$timed" "$one"
say "Inference timings in us: Init: $init, First inference: $first, Warmup (avg): $first, Inference (avg): $mean"
say 'Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE to the actual memory footprint of the model at runtime. Take the information at your discretion.'
say 'Memory footprint delta from the start of the tool (MB): init=4.30078 overall=@MEMORY@'
if [ "$fault" = invoke ]; then
    printf 'ERROR: Node number 0 (ethos-u) failed to invoke.\n' >&2
    say 'Benchmarking failed.'
    exit 1
fi
if [ "$profile" = true ]; then
    say 'Operator-wise Profiling Info for Regular Benchmark Runs:'
    if [ $unit = npu ]; then
        cat <<'PROFILE'
@NPU_PROFILE@
PROFILE
    else
        cat <<'PROFILE'
@CPU_PROFILE@
PROFILE
    fi
fi
[ -z "$outputs" ] || cat "$here/outputs.bin" >"$outputs"
[ -z "$files" ] || [ -n "$shapes" ] || exit 1
[ "$fault" != late ] || kill -SEGV $$
exit 0
