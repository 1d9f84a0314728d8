"""The demo: the real bot on an in-memory Discord (SimCord), a real PostgreSQL, and a guild with two months behind it.

`play` starts it and ends it. It is no slice: it has no `setup`, so `run` never loads it, and a production install
brings neither SimCord nor anything else that only this folder needs.

    cast      who is in the guild, what they play, what drops
    world     the Discord server around them, with the same ids at every start
    avatars   their faces
    clock     SimCord's clock, replaced by the real one
    history   two months of raids and auctions, played through the slices' own use cases
    tonight   the raid that runs and the auction with minutes to go
    story     the words both are told in
    channel   tonight's boards, notices and talk, posted anew at every start
    page      keeps the open browser page in step, without a press
    picture   the README's picture
"""
