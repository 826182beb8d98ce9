"""Room: measuring against what people marked by hand."""
