"""What tracker.py compares trackers with."""
