"""Pictures for the README that need no guild: taken from views, with examples for data."""
