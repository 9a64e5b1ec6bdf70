"""The demo health portal: a plain relying party, the code an integrator copies: README.md."""
