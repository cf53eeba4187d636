"""Kill anything at any time: afterwards every change is in the governed topic exactly once."""
