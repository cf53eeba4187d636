"""What the service says about itself: metrics, log lines, health. Never a row's value."""
