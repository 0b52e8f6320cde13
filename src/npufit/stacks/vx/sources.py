"""Where the rules of this stack were read."""

from __future__ import annotations

DELEGATE = "nxp-imx/tflite-vx-delegate-imx op_map.cc and delegate_main.cc (@1d786dd of 5.10.72 to @6e1193c of 6.6.36)"
EXECUTED = (
    f"{DELEGATE}; the delegate's own decision code of seven releases was run on 85 models and 183 one-operator files"
)
TIM_VX = "VeriSilicon/TIM-VX v1.2.2 @54b9c67 and nxp-imx/tim-vx-imx @720f0a4, with ovxlib"
SET_UP = (
    f"{TIM_VX}: delegate, TIM-VX and ovxlib were run on a PC, on top of a stand-in for the closed driver that accepts "
    "everything and computes nothing"
)
SYNAP = "synaptics-synap/doc @347bc2c manual/npu_operators.rst, the published table of a sister chip, 8 bit"
TFLITE = "TensorFlow Lite 2.6 to 2.8, lite/core/subgraph.cc"
