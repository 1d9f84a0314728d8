"""The plays: one folder a feature ("slice"), everything a feature is in one place."""
