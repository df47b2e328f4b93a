"""Benchmarks: each hot path beside its raw limit, alternately in one run against the same servers."""
