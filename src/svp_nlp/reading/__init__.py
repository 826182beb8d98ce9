"""Room: files to transcripts, and clean transcripts back to files of the same layout."""

from svp_nlp.reading.files import clean_suffix, find_sources, passed_over, read, read_text, write

__all__ = ["clean_suffix", "find_sources", "passed_over", "read", "read_text", "write"]
