"""What `cps-bridge` can be told to do: run, sandbox, doctor, origins."""
