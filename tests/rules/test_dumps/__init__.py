"""Files of who was there: what each becomes, and what is refused."""
