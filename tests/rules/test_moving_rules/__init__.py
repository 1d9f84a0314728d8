"""Files of other systems, read without a database."""
