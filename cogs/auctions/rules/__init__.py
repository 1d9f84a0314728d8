"""What an auction decides: who leads, at what price, until when, and who won.

Pure functions on frozen dataclasses; amounts are `Decimal`, moments are aware UTC. The lines quoted in the
docstrings are the rules' own, with their numbers.
"""
