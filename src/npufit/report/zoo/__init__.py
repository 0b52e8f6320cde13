"""Built-in networks as a document and text."""

from npufit.report.zoo.document import network_entry
from npufit.report.zoo.text import network_text, networks_text

__all__ = [
    "network_entry",
    "network_text",
    "networks_text",
]
