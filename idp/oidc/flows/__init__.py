"""The provider's use cases: one file each."""
