"""Moving in and out: looking, importing, undoing, exporting."""
