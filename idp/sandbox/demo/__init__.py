"""The demo: provider, worker, card bridge and portal on one machine, from one command.

ports → prepare (database, cards, people, client) → children (bridge, portal) → server → ready.
"""
