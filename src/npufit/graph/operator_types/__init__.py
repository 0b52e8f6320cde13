"""Facts about each operator type: one row each, which all other rooms read."""

from npufit.graph.operator_types.operator_type import SIZING, Family, Kind, OperatorType, Role, Scaling
from npufit.graph.operator_types.table import CONVOLUTIONS, CUSTOM_OPERATOR_TYPES, OPERATOR_TYPES, operator_type

__all__ = [
    "CONVOLUTIONS",
    "CUSTOM_OPERATOR_TYPES",
    "OPERATOR_TYPES",
    "SIZING",
    "Family",
    "Kind",
    "OperatorType",
    "Role",
    "Scaling",
    "operator_type",
]
