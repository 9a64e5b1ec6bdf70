"""Desktop pages: « Mon e-CPS » and the login by phone."""
