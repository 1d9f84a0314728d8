"""What a guild decides about itself: zone, texts, channels, first pool, and which roles stand for which group."""
