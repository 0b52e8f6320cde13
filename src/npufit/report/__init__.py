"""The same result as text, JSON, SARIF and Markdown.

Each format is a module of its own and is imported by who needs it: `npufit.report.text`, `.json_report`, `.sarif`,
`.markdown`, `.rules`, `.targets`. What they share is in `wording` (phrases) and `ink` (colour and columns).
"""
