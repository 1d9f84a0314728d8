"""Benchmarks: `uv run python -m tests.bench [attendance] [bids] ...`. Measured, never asserted in a timed test."""
