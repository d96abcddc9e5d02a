//! Detections → tracks: who is who over time.
