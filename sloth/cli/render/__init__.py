"""Everything that sloth prints: one file for each subject, all of them through screen.py."""
