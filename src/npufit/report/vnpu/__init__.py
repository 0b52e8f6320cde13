"""What a program did on a virtual NPU, as a document and text."""

from npufit.report.vnpu.document import vnpu_document
from npufit.report.vnpu.text import vnpu_text

__all__ = ["vnpu_document", "vnpu_text"]
