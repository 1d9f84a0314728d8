"""Benchmarks: `uv run python -m tests.bench [bids] [dispatch] [points]`. Measured, never asserted in a timed test."""
