"""The guarded Discord kit: doors, buttons, forms, questions, pages, panels and boards.

discord.py swallows errors in components and drops what it does not know. Here every press, choice, form and command
comes through a `Door`, every error path ends in one private sentence, and what nobody takes is answered too.
"""
