"""The welcome, the setup panel, and settings in words."""
