"""People here: their characters, their comings and goings, and the life of the guild itself."""
