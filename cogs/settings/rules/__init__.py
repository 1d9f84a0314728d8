"""Settings, decided: zones people mean, roles and channels guessed by name, texts of sane length. Pure."""
