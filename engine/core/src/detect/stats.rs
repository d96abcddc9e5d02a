//! What decoding counts.

/// What became of the candidates of one image. Everything that was dropped is in one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecodeStats {
    /// Candidates that reached the minimum confidence.
    pub candidates: u32,
    /// Of these, beyond [`CANDIDATES_KEPT_MAX`](super::CANDIDATES_KEPT_MAX).
    pub over_limit: u32,
    /// Scores and boxes that are not finite, not ordered or not probabilities.
    pub invalid: u32,
    /// Boxes with nothing inside the frame.
    pub outside: u32,
    /// Candidates that claim to be sure and were looked at, usable or not.
    pub sure: u32,
    /// Of these, with scores that are no probabilities.
    pub bad_scores: u32,
    /// Of these, of a class that there is not.
    pub bad_classes: u32,
    /// Of these, with a box that is none, or none of this frame.
    pub bad_boxes: u32,
    /// Of these, with a box smaller than a pixel of the input.
    pub specks: u32,
    /// Of these, with a box as large as the input, where more have one than one thing explains.
    pub whole: u32,
    /// All of these, where nearly every candidate there is claims to be sure.
    pub everywhere: u32,
    /// The same object as a surer one.
    pub suppressed: u32,
    /// What is left.
    pub detections: u32,
}

impl DecodeStats {
    /// Adds the counts of another image.
    pub fn add(&mut self, other: &Self) {
        self.candidates += other.candidates;
        self.over_limit += other.over_limit;
        self.invalid += other.invalid;
        self.outside += other.outside;
        self.sure += other.sure;
        self.bad_scores += other.bad_scores;
        self.bad_classes += other.bad_classes;
        self.bad_boxes += other.bad_boxes;
        self.specks += other.specks;
        self.whole += other.whole;
        self.everywhere += other.everywhere;
        self.suppressed += other.suppressed;
        self.detections += other.detections;
    }
}
