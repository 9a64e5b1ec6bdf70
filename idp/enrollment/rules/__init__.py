"""The e-CPS as pure functions: signed bytes, states, names, limits. No clock, no randomness."""
