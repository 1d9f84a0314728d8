"""What an auction decides: who leads, at what price, until when, and who won.

Pure functions on frozen dataclasses; amounts are `Decimal`, moments are aware UTC. The lines quoted in the
docstrings are the rules' own, with their numbers.

terms      what an auction was started with       starting   terms as typed, second copies, what a batch form holds
bidding    one more bid on an auction             standing   who stands when a bid disappears
resolving  sealed offers: who wins, for what, why ending     when to settle, pauses, time given back
"""
