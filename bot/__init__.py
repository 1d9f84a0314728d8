"""The stage every feature plays on: start-up, settings, the guarded Discord kit, due work, permissions.

Knows no feature: nothing here imports `cogs`.
"""
