"""Auctions on a real database: who leads, what is held, what is told, and what the rows say afterwards."""
