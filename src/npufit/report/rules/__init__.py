"""Rules and hazards as a document, text and pages of the documentation."""
