"""Who a professional is, as values: what a register row means, how rows of one person merge."""
