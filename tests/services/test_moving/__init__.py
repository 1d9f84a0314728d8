"""Moving in and out on a real database."""
