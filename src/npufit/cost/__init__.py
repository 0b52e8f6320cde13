"""How long a placed model takes, and how much memory it needs: a model of the CPU, and one of each NPU and its driver.

Coefficients are few, named and fitted to public measurements (`fit.py`); reported errors are those on networks left out
of the fit (`accuracy.py`).
"""

from npufit.cost.coefficient import Coefficient
from npufit.cost.estimate import Band, Estimate, Measured, MemoryEstimate, OperatorEstimate
from npufit.cost.estimating import EstimateOptions, estimate
from npufit.cost.kernels import Kernels
from npufit.cost.prediction import Bound, Cost, PartitionCost

__all__ = [
    "Band",
    "Bound",
    "Coefficient",
    "Cost",
    "Estimate",
    "EstimateOptions",
    "Kernels",
    "Measured",
    "MemoryEstimate",
    "OperatorEstimate",
    "PartitionCost",
    "estimate",
]
