"""Exports of other systems, read and proved. Pure: bytes in, a frozen `Document` out, or one sentence why not."""
