"""What is decided about a card's answer, without clock, database or network.

token (bytes → typed value) → certificate (what it says) → card_checks (ordered) → holder.
"""
