"""A bundle for a board as a document and text."""

from npufit.report.deploy.document import deploy_document
from npufit.report.deploy.text import deploy_text

__all__ = [
    "deploy_document",
    "deploy_text",
]
