"""The commands of the replay: a name for each, and what is typed after `npufit`.

Each runs in an empty folder where `models` and `captures` are those of tests/, and `files` is tests/replay/files.
"""

from __future__ import annotations

import shlex

_STACKS = {
    "teflon25": "imx93/teflon@25.3",
    "teflon26": "imx93/teflon@26.1",
    "etnaviv": "imx8mp/teflon",
    "rocket": "rk3588/teflon",
    "vela": "imx93/vela",
    "vx": "imx8mp/vx",
    "neutron": "imx95/neutron",
}

_FILES = {
    "person": "models/person_detect.tflite",
    "kws": "models/kws_ref_model.tflite",
    "transformer": "models/keras_transformer_encoder_int8.tflite",
    "lstm": "models/keras_lstm_mnist_ptq.tflite",
    "fastestdet": "models/fastestdet_shufflenetv2.tflite",
    "compiled": "models/person_detect_vela.tflite",
    "svdf": "models/hard/keyword_scrambled_8bit.tflite",
    "transpose-conv": "models/hard/seanet_transpose_conv3.tflite",
    "mobilenet": "zoo:mobilenet_v2@96,int8-per-tensor",
}

_AS_JSON = ("lstm", "svdf", "compiled")

_MICRO = (
    "add_relu_bcast",
    "concat_c16",
    "depthwise_1ch",
    "pad_asym_conv",
    "pad_sym_conv",
    "residual_chain",
    "resize2x",
    "resize3x",
    "slice_h",
)

_SINGLE = (
    "averagepooling2d_int8",
    "concat_int8",
    "fullconnected_int8",
    "hardswish_int8",
    "leakyrelu_int8",
    "max_uint8",
    "mean_int8",
    "pack_int8",
    "resize_bilinear_int8",
    "softmax_int8",
    "split_int8",
    "strided_slice_int8",
    "transpose_conv2d_int8",
)

_HELP = (
    "check",
    "run",
    "fit",
    "sweep",
    "probe",
    "evaluate",
    "deploy",
    "vnpu",
    "bench",
    "compare",
    "resize",
    "disassemble",
    "accuracy",
    "calibrate",
    "toolchain",
    "toolchain install",
    "toolchain remove",
    "targets",
    "rules",
    "zoo",
)

_SCHEMAS = (
    *("check", "run", "fit", "sweep", "evaluate", "deploy", "bench", "compare", "resize", "accuracy", "calibrate"),
    *("disassemble", "probe", "rules", "targets", "zoo", "toolchain"),
)

_EVERY_TEFLON = "-t imx93/teflon@25.3 -t imx93/teflon@26.1 -t imx8mp/teflon -t rk3588/teflon"
_EVERY_STACK = f"{_EVERY_TEFLON} -t imx93/vela -t imx8mp/vx -t imx95/neutron"

_OTHERS = {
    # check: what is asked of one result
    "check-verbose-teflon": "check models/person_detect.tflite -t imx93/teflon@25.3 -v",
    "check-verbose-etnaviv": "check models/fastestdet_shufflenetv2.tflite -t imx8mp/teflon -v",
    "check-verbose-vela": "check models/keras_transformer_encoder_int8.tflite -t imx93/vela --verbose",
    "check-verbose-vx": "check models/hard/keyword_scrambled_8bit.tflite -t imx8mp/vx -v",
    "check-verbose-neutron": "check models/kws_ref_model.tflite -t imx95/neutron -v",
    "check-verbose-several": "check models/micro/slice_h.tflite -t imx93/teflon@25.3 -t imx93/vela -v",
    "check-all-teflon": "check models/micro/residual_chain.tflite -t imx93/teflon@25.3 --all",
    "check-all-vela": "check models/keras_lstm_mnist_ptq.tflite -t imx93/vela --all",
    "check-bsp-vela": "check models/person_detect.tflite -t imx93/vela@lf-6.1.36",
    "check-main-teflon": "check models/fastestdet_shufflenetv2.tflite -t imx93/teflon@main",
    "check-cpu-options": "check models/person_detect.tflite -t imx93/teflon@25.3 --threads 1 --kernels xnnpack",
    "check-settings": "check models/person_detect.tflite -t imx93/vela --set memory-mode=Shared_Sram",
    "check-several": f"check models/kws_ref_model.tflite {_EVERY_STACK}",
    "check-several-json": f"check models/micro/pad_asym_conv.tflite {_EVERY_STACK} --json",
    "check-output": "check models/micro/concat_c16.tflite -t imx93/teflon@25.3 -o report.txt",
    "check-direct-open": "check models/kws_ref_model.tflite -t imx93/direct@7.2",
    "check-direct-wrong-version": "check models/kws_ref_model.tflite -t imx93/direct@3.12",
    "check-same-driver": "check models/kws_ref_model.tflite -t imx93/teflon@25.3 -t imx93/direct -v",
    # check: larger networks, each on a stack that it is interesting on
    "check-zoo-mobilenet-v2-uint8": "check zoo:mobilenet_v2@224,uint8 -t imx93/teflon@26.2",
    "check-zoo-mobilenet-v2-per-tensor": "check zoo:mobilenet_v2@224,int8-per-tensor,io=int8 -t imx93/teflon@25.3",
    "check-zoo-mobilenet-v2-per-channel": "check zoo:mobilenet_v2@224,int8 -t imx93/teflon@25.3",
    "check-zoo-ssd": "check zoo:ssd_mobilenet_v1@300,uint8 -t imx8mp/teflon@26.1",
    "check-zoo-resnet50-v2": "check zoo:resnet50_v2@96,int8 -t imx95/neutron@1.16",
    # check: other forms
    "check-sarif": "check models/person_detect.tflite -t imx93/teflon@25.3 -t imx8mp/vx --sarif",
    "check-sarif-fine": "check models/kws_ref_model.tflite -t imx93/vela --sarif",
    "check-markdown": f"check models/person_detect.tflite {_EVERY_STACK} --markdown",
    "check-markdown-gates": "check models/micro/pad_asym_conv.tflite -t imx93/teflon@25.3 -t imx93/vela --markdown "
    "--require hazards==0 --require npu-macs>=99%",
    # check: gates
    "check-gates-met": "check models/kws_ref_model.tflite -t imx93/vela --require npu-macs>=99% --require hazards==0",
    "check-gates-failed": "check models/person_detect.tflite -t imx93/teflon@25.3 -t imx93/vela --require crashes==0 "
    "--require npu-operators>=95% --require speed-up>=2 --require predicted-ms<=100",
    "check-gates-json": "check models/micro/slice_h.tflite -t imx93/teflon@25.3 --json --require partitions<=1 "
    "--require cpu-operators==0 --require unknown-operators==0 --require boundary-bytes<=1000",
    # check: logs
    "check-log-teflon": "check models/micro/residual_chain.tflite -t imx93/teflon@25.3 "
    "--log captures/micro/residual_chain/teflon.log",
    "check-log-teflon-json": "check models/micro/pad_asym_conv.tflite -t imx93/teflon@25.3 --json "
    "--log captures/micro/pad_asym_conv/teflon.log",
    "check-log-differs": "check models/micro/pad_asym_conv.tflite -t imx93/teflon@26.1 "
    "--log captures/micro/pad_asym_conv/teflon.log",
    "check-log-other-model": "check models/micro/slice_h.tflite -t imx93/teflon@25.3 "
    "--log captures/micro/residual_chain/teflon.log",
    "check-log-foreign": "check models/micro/slice_h.tflite -t imx93/teflon@25.3 --log files/runs.csv",
    # check: what is wrong with the question
    "check-no-file": "check absent.tflite -t imx93/teflon@25.3",
    "check-broken-file": "check files/broken.tflite -t imx93/teflon@25.3",
    "check-empty-file": "check files/empty.tflite -t imx93/teflon@25.3",
    "check-folder": "check models -t imx93/teflon@25.3",
    "check-no-network": "check zoo:mobilenet_v9 -t imx93/teflon@25.3",
    "check-no-target": "check models/kws_ref_model.tflite",
    "check-unknown-chip": "check models/kws_ref_model.tflite -t imx39/teflon",
    "check-unknown-stack": "check models/kws_ref_model.tflite -t imx93/neutron",
    "check-misspelt-stack": "check models/kws_ref_model.tflite -t imx93/tefon",
    "check-unknown-version": "check models/kws_ref_model.tflite -t imx93/teflon@12",
    "check-not-installed": "check models/kws_ref_model.tflite -t imx93/vela@3.8",
    "check-no-profile": "check models/kws_ref_model.tflite -t absent.toml",
    "check-wrong-gate": "check models/kws_ref_model.tflite -t imx93/teflon --require macs>=99%",
    "check-wrong-setting": "check models/kws_ref_model.tflite -t imx93/vela --set memory-mode",
    "check-unknown-setting": "check models/kws_ref_model.tflite -t imx93/vela --set speed=9",
    "check-unknown-value": "check models/kws_ref_model.tflite -t imx93/vela --set memory-mode=Fast",
    "check-no-folder": "check models/kws_ref_model.tflite -t imx93/teflon -o no/such/folder",
    "check-no-converter": "check models/kws_ref_model.tflite -t imx95/neutron --converter no/such/converter",
    "check-log-of-two": f"check models/kws_ref_model.tflite {_EVERY_TEFLON} --log captures/micro/slice_h/teflon.log",
    "check-no-log": "check models/kws_ref_model.tflite -t imx93/teflon --log absent.log",
    "check-no-vela": "check models/kws_ref_model.tflite -t imx93/vela --vela absent",
    "check-wrong-option": "check models/kws_ref_model.tflite --tarjet imx93/vela",
    "check-wrong-number": "check models/kws_ref_model.tflite -t imx93/teflon --threads none",
    # run
    "run-cpu": "run models/person_detect.tflite --on cpu --seed 3",
    "run-cpu-json": "run models/kws_ref_model.tflite --on cpu --json",
    "run-cpu-output": "run models/keras_lstm_mnist_ptq.tflite --on cpu -o outputs.npz",
    "run-image": "run models/person_detect.tflite --on cpu --input files/slope.png --labels files/labels.txt",
    "run-direct-refused": "run models/kws_ref_model.tflite -t imx93/direct@7.2.6 --compare",
    "run-compare": "run models/person_detect.tflite -t imx93/vela --compare --seed 1",
    "run-compare-all": "run models/micro/residual_chain.tflite -t imx93/vela --compare --all",
    "run-compare-json": "run models/micro/concat_c16.tflite -t imx93/vela --compare --json",
    "run-tolerance": "run models/kws_ref_model.tflite -t imx93/vela --compare --tolerance 1",
    "run-kernel": "run models/micro/pad_sym_conv.tflite -t imx93/vela --kernel 7.1",
    "run-compiled": "run models/person_detect_vela.tflite -t imx93/vela",
    "run-capture": "run --capture captures/micro/residual_chain --model models/micro/residual_chain.tflite --compare",
    "run-capture-differs": "run --capture captures/micro/pad_asym_conv --model models/micro/pad_asym_conv.tflite "
    "--compare",
    "run-capture-json": "run --capture captures/micro/slice_h --model models/micro/slice_h.tflite --compare --json",
    "run-capture-kernel": "run --capture captures/micro/resize2x --model models/micro/resize2x.tflite --kernel 6.19",
    "run-no-place": "run models/kws_ref_model.tflite",
    "run-two-places": "run models/kws_ref_model.tflite --on cpu -t imx93/vela",
    "run-other-stack": "run models/kws_ref_model.tflite -t imx93/teflon",
    "run-no-input": "run models/kws_ref_model.tflite --on cpu --input absent.npy",
    "run-no-capture": "run --capture absent --model models/micro/slice_h.tflite",
    # evaluate
    "evaluate": "evaluate models/person_detect.tflite -t imx93/vela --images files --labels files/person.csv "
    "--require top1-agreement>=99% --require top1-accuracy>=50%",
    "evaluate-json": "evaluate models/person_detect.tflite -t imx93/vela --images files --normalize 0..1 --json",
    "evaluate-capture": "evaluate models/micro/pad_asym_conv.tflite --capture captures/micro/pad_asym_conv "
    "--images files --require value-agreement>=99%",
    "evaluate-fitted": "evaluate models/person_detect.tflite -t imx93/vela --fitted models/person_detect_vela.tflite "
    "--images files --task outputs",
    "evaluate-other-stack": "evaluate models/person_detect.tflite -t imx93/teflon --images files",
    "evaluate-no-image": "evaluate models/person_detect.tflite -t imx93/vela --images models",
    "evaluate-no-input": "evaluate models/keras_transformer_encoder_int8.tflite --labels folders --images files",
    "evaluate-no-side": "evaluate models/person_detect.tflite --images files",
    "evaluate-wrong-gate": "evaluate models/person_detect.tflite -t imx93/vela --images files --require top2>=9%",
    # fit
    "fit-passes": "fit --passes",
    "fit-list": "fit models/fastestdet_shufflenetv2.tflite -t imx93/teflon@26.1 --list",
    "fit-list-json": "fit models/micro/pad_asym_conv.tflite -t imx93/teflon@25.3 --list --json",
    "fit-refused": "fit models/person_detect.tflite -t imx93/teflon@26.1 -o fitted.tflite",
    "fit-all": "fit models/micro/pad_asym_conv.tflite -t imx93/teflon@25.3 --all -o fitted.tflite",
    "fit-json": "fit models/micro/pad_sym_conv.tflite -t imx93/teflon@25.3 --json -o fitted.tflite",
    "fit-recipe": "fit models/kws_ref_model.tflite -t imx93/teflon@25.3 -o fitted.tflite --recipe steps.json",
    "fit-replayed": "fit models/micro/pad_asym_conv.tflite -t imx93/teflon@25.3 -o fitted.tflite "
    "--recipe files/recipe.json",
    "fit-only": "fit models/kws_ref_model.tflite -t imx93/vela --only fold-pad:growth=1 --only clean-reshapes",
    "fit-skip": "fit models/micro/pad_sym_conv.tflite -t imx93/teflon@25.3 --skip fold-pad",
    "fit-unproven": "fit models/micro/add_relu_bcast.tflite -t imx93/teflon@25.3 --no-prove -o fitted.tflite",
    "fit-approximate": "fit models/kws_ref_model.tflite -t imx93/teflon@25.3 --allow-approximate --inputs 2 "
    "-o fitted.tflite",
    "fit-cut": "fit models/kws_ref_model.tflite -t imx93/teflon@26.1 --cut -o parts",
    "fit-cut-json": "fit models/kws_ref_model.tflite -t imx93/teflon@26.1 --cut -o parts --json",
    "fit-cut-unknown-tensor": "fit models/micro/residual_chain.tflite -t imx93/teflon@25.3 --cut --tail absent",
    "fit-cut-nothing": "fit models/keras_lstm_mnist_ptq.tflite -t imx93/vela --cut -o parts",
    "fit-fits-already": "fit models/kws_ref_model.tflite -t imx93/vela -o fitted.tflite",
    "fit-no-target": "fit models/kws_ref_model.tflite",
    "fit-unknown-pass": "fit models/kws_ref_model.tflite -t imx93/vela --only fold-pads",
    "fit-unknown-pass-option": "fit models/kws_ref_model.tflite -t imx93/vela --only fold-pad:speed=1",
    "fit-no-folder": "fit models/kws_ref_model.tflite -t imx93/vela -o absent/fitted.tflite",
    "fit-over-itself": "fit models/kws_ref_model.tflite -t imx93/vela -o models/kws_ref_model.tflite",
    "fit-over-a-file": "fit models/kws_ref_model.tflite -t imx93/vela -o files/labels.txt",
    "fit-compiled": "fit models/person_detect_vela.tflite -t imx93/vela",
    # bench: what does not depend on a machine
    "bench-show": "bench --show files/measurements/e7b83d8e7a3c1111-e710d471698a3e0f.json",
    "bench-show-contradicted": "bench --show files/measurements/e7b83d8e7a3c1111-102b0ac7d0328c69.json -v",
    "bench-show-folder": "bench --show files/measurements",
    "bench-show-other-file": "bench --show files/saved.json",
    "bench-no-board": "bench models/kws_ref_model.tflite",
    "bench-which-board": "bench models/kws_ref_model.tflite --on board",
    "bench-probe-model": "bench models/kws_ref_model.tflite --on local --probe",
    "bench-no-model": "bench --on local",
    "bench-probe-page": "bench --on local --probe --html page.html",
    # deploy: what it does not write; what it writes changes with the runners
    "deploy-refused": "deploy models/kws_ref_model.tflite -t imx93/direct@7.2.6 -o bundle",
    "deploy-differs": "deploy models/ad01_int8.tflite -t imx93/direct@7.3 -o bundle",
    "deploy-no-npu": "deploy models/single_ops/test_exp_int8.tflite -t imx93/direct@7.3 -o bundle",
    "deploy-other-npu": "deploy models/person_detect_vela.tflite -t imx93/direct@7.3 -o bundle",
    "deploy-other-stack": "deploy models/kws_ref_model.tflite -t imx93/vela -o bundle",
    "deploy-not-empty": "deploy models/kws_ref_model.tflite -t imx93/direct@7.3 -o models",
    # compare
    "compare-releases": "compare zoo:mobilenet_v2@96,int8 -t imx93/teflon@26.2 -t imx93/teflon@25.3 "
    "--require moved-to-cpu==0 --require hazards-gained==0 --require predicted-ms-ratio<=1.05",
    "compare-models": "compare zoo:mobilenet_v2@96,int8 zoo:mobilenet_v2@128,int8 -t imx93/vela",
    "compare-stacks": "compare models/person_detect.tflite -t imx93/teflon -t imx93/vela --all",
    "compare-markdown": "compare models/kws_ref_model.tflite -t imx93/teflon@26.2 -t imx93/teflon@25.3 --markdown "
    "--require cpu-operators-gained==0",
    "compare-json": "compare models/micro/pad_sym_conv.tflite models/micro/pad_asym_conv.tflite -t imx93/teflon --json",
    "compare-saved": "compare files/saved.json models/micro/pad_sym_conv.tflite --require hazards-gained==0",
    "compare-one": "compare models/kws_ref_model.tflite -t imx93/vela",
    "compare-no-target": "compare models/kws_ref_model.tflite models/person_detect.tflite",
    "compare-not-saved": "compare files/recipe.json models/kws_ref_model.tflite",
    "compare-wrong-gate": "compare files/saved.json files/saved.json --require hazards==0",
    # sweep: its workers do not see the frozen coefficients, so only what is wrong with the question
    # probe
    "probe-nothing": "probe",
    "probe-no-tool": "probe imx8mp/vx",
    "probe-no-converter": "probe imx95/neutron --converter absent-converter --operators ADD --no-cache",
    "probe-no-library": "probe imx93/teflon@25.3",
    "probe-unknown-operator": "probe imx93/vela --operators CONV_3",
    "probe-no-input": "probe --command 'python3 tool.py' --custom-operator NPU",
    "probe-no-reading": "probe --command 'python3 stand_ins row_limit {input} {output}'",
    "probe-broken-pattern": "probe --command 'python3 stand_ins row_limit {input} {output}' --pattern 'operator ('",
    "probe-pattern-alone": "probe imx93/vela --pattern 'operator (?P<index>.)(?P<unit>.)'",
    "probe-explain": "probe --explain zoo:mobilenet_v2@320,int8",
    "probe-explain-other-target": "probe imx93/vela --explain models/person_detect.tflite",
    "probe-explain-and-shrink": "probe --explain models/person_detect.tflite --shrink models/person_detect.tflite",
    "probe-shrink-nothing": "probe imx93/vela --shrink models/micro/concat_c16.tflite",
    "probe-log-alone": "probe imx93/vela --log files/runs.csv",
    "probe-schema-of-explain": "probe --explain models/person_detect.tflite --json-schema",
    "probe-find-alone": "probe imx93/vela --find crash",
    "probe-rules-of-two": "probe imx93/vela@3.8 imx93/vela --rules vela.toml",
    "probe-three": "probe imx93/vela@3.8 imx93/vela@3.12 imx93/vela",
    "probe-explain-markdown": "probe --explain models/person_detect.tflite --markdown",
    "probe-budget": "probe --command 'python3 stand_ins row_limit {input} {output}' --pattern "
    "'operator (?P<index>[0-9]+): (?P<unit>NPU|CPU)' --operators ADD --no-groups --no-cache --questions 20",
    "sweep-no-model": "sweep -t imx93/vela",
    "sweep-no-target": "sweep zoo:mobilenet_v2 --sizes 96:512:32",
    "sweep-no-sizes": "sweep zoo:mobilenet_v2 -t imx93/vela --sizes 96:512",
    "sweep-other-quant": "sweep models/person_detect.tflite -t imx93/vela --quant uint8",
    "sweep-settings-of-none": "sweep zoo:mobilenet_v2 -t imx93/teflon --set arena-cache-size=98304",
    "sweep-wrong-gate": "sweep zoo:mobilenet_v2 -t imx93/teflon --require speed>=2",
    "sweep-wrong-executor": "sweep zoo:mobilenet_v2 -t imx93/teflon --executor here --no-cache",
    # resize
    "resize-person": "resize models/person_detect.tflite --input 128x64 -o resized.tflite",
    "resize-json": "resize zoo:mobilenet_v2@96,int8 --input 160 --json -o resized.tflite",
    "resize-fastestdet": "resize models/fastestdet_shufflenetv2.tflite --input 320",
    "resize-refused": "resize models/keras_transformer_encoder_int8.tflite --input 48",
    "resize-unknown-input": "resize models/person_detect.tflite --input image=64",
    "resize-wrong-size": "resize models/person_detect.tflite --input wide",
    "resize-no-size": "resize models/person_detect.tflite",
    # disassemble
    "disassemble": "disassemble captures/micro/residual_chain",
    "disassemble-kernel": "disassemble captures/micro/pad_sym_conv/submit00-cmdstream.bin.xz --kernel 7.1",
    "disassemble-refused": "disassemble captures/micro/slice_h --kernel 6.19 --json",
    "disassemble-model": "disassemble models/person_detect_vela.tflite -o stream.listing",
    "disassemble-not-compiled": "disassemble models/kws_ref_model.tflite",
    "disassemble-unknown-kernel": "disassemble captures/micro/slice_h --kernel 5.4",
    # calibrate and accuracy
    "calibrate": "calibrate files/runs.csv -t imx93/vela -m person=models/person_detect.tflite -o board.toml",
    "calibrate-json": "calibrate files/runs.csv -t imx93/teflon@25.3 -m person=models/person_detect.tflite "
    "-o board.toml --json",
    "calibrate-no-model": "calibrate files/runs.csv -t imx93/vela -o board.toml",
    "calibrate-other-model": "calibrate files/runs.csv -t imx93/vela -m kws=models/kws_ref_model.tflite -o board.toml",
    "calibrate-no-measurement": "calibrate files/labels.txt -t imx93/vela -m models/kws_ref_model.tflite -o board.toml",
    "accuracy": "accuracy imx93/vela imx8mp/vx imx8mp/cpu",
    "accuracy-all": "accuracy imx93/vela --all",
    "accuracy-json": "accuracy imx8mp/cpu --json",
    "accuracy-markdown": "accuracy imx8mp/vx --markdown",
    "accuracy-picture": "accuracy imx93/vela --svg plot.svg",
    "accuracy-unknown": "accuracy imx39",
    # what npufit knows
    "targets": "targets",
    "targets-json": "targets --json",
    "rules": "rules",
    "rules-hazard-json": "rules ethosu.pad-folded --json",
    "rules-hazard": "rules ethosu.pad-folded",
    "rules-former-id": "rules H2",
    "rules-refusal": "rules ethosu.per-channel",
    "rules-refusal-json": "rules vela.constraint --json",
    "rules-unknown": "rules H99",
    "zoo": "zoo",
    "zoo-json": "zoo --json",
    "zoo-network": "zoo mobilenet_v1@128,uint8,alpha=0.25",
    "zoo-written": "zoo mlperf_tiny_kws -o kws.tflite",
    "zoo-unknown": "zoo mobilenet_v9",
    "zoo-wrong-size": "zoo mobilenet_v2@7",
    "zoo-wrong-option": "zoo mobilenet_v1@128,alpha=7",
    "toolchain": "toolchain",
    "toolchain-json": "toolchain --json",
    "toolchain-remove-absent": "toolchain remove vela@3.8",
    "toolchain-install-unknown": "toolchain install vela@1.0",
    # the program
    "program-help": "--help",
    "program-version": "--version",
    "program-nothing": "",
    "program-unknown-command": "chek models/kws_ref_model.tflite",
    "program-model-only": "models/kws_ref_model.tflite",
}


_FITTED = {
    "fastestdet": "models/fastestdet_shufflenetv2.tflite",
    "mobilenet-v1": "zoo:mobilenet_v1@128,uint8",
    "mobilenet-v2": "zoo:mobilenet_v2@96,int8",
    "transformer": "models/keras_transformer_encoder_int8.tflite",
}


def _commands() -> dict[str, list[str]]:
    lines: dict[str, str] = {}
    for stack, target in _STACKS.items():
        lines |= {f"check-{name}-{stack}": f"check {file} -t {target}" for name, file in _FILES.items()}
        lines |= {f"check-{name}-{stack}-json": f"check {_FILES[name]} -t {target} --json" for name in _AS_JSON}
        lines |= {
            f"fit-{name}-{stack}": f"fit {file} -t {target} --inputs 2 -o fitted.tflite"
            for name, file in _FITTED.items()
        }
    lines |= {f"check-{name}-teflon": f"check models/micro/{name}.tflite {_EVERY_TEFLON}" for name in _MICRO}
    lines |= {f"check-{name}": f"check models/single_ops/test_{name}.tflite {_EVERY_STACK}" for name in _SINGLE}
    lines |= {f"help-{name.replace(' ', '-')}": f"{name} --help" for name in _HELP}
    lines |= {f"schema-{name}": f"{name} --json-schema" for name in _SCHEMAS}
    assert not lines.keys() & _OTHERS.keys()
    return {name: shlex.split(line) for name, line in (lines | _OTHERS).items()}


COMMANDS = _commands()
