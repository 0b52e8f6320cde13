"""`.tflite` bytes to the graph and back, losslessly: the only room that knows flatbuffers."""

from npufit.tflite.names import operator_codes
from npufit.tflite.reader import parse_model, read_model
from npufit.tflite.writer import serialize_model

__all__ = ["operator_codes", "parse_model", "read_model", "serialize_model"]
