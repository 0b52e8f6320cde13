"""What people and scripts read: a folder for each command, a module for each format.

`document` is what `--json` prints, `text` what a terminal shows; `schema.json` is the published form of the document.
What several share is named for what it holds: `hazards`, `findings`, `predicted_time`, `model_line`, `terminal_page`.
"""
