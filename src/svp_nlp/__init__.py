"""svp-nlp."""
