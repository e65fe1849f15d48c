"""What every part above shares: errors, the model, events."""
