"""People: characters that change, unclaimed people who turn out to be somebody, and people who are forgotten."""
