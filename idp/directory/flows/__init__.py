"""Find a professional; import the register: survey the file → rows → entries → batches stored."""
