"""The time of partitions on each NPU: one module per kind of NPU and the software that drives it."""

from npufit.cost.npu.npu_model import NpuModel, load_npu_model
from npufit.cost.npu.passes import PassModel

__all__ = ["NpuModel", "PassModel", "load_npu_model"]
