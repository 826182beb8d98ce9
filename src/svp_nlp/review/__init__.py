"""Review: what people decide, the record of it, and the figures that follow from the record."""
