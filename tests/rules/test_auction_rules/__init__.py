"""The auction rules, each case named after its line of RECKONING; whole auctions and resolvers against references.

The references in `references_open` and `references_sealed` are slow and plain: they keep everything that was said and
work it out anew each time, in the words of RECKONING, and share no code with the rules.
"""
