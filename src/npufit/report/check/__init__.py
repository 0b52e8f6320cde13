"""A check as a document, text, Markdown and SARIF."""
