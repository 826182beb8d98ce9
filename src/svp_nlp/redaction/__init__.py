"""Room: redaction."""
