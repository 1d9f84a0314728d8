"""Buttons and pages of points."""
