"""Forms, buttons and cards of people."""
