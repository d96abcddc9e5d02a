//! What the engine decodes, and with which elements.

/// What the engine decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    H264,
    H265,
}

impl Codec {
    /// By the `encoding-name` of an RTP stream.
    pub(super) fn from_rtp(name: &str) -> Option<Self> {
        match name {
            "H264" => Some(Self::H264),
            "H265" => Some(Self::H265),
            _ => None,
        }
    }

    /// By the name of a demuxer's caps.
    pub(crate) fn from_caps(name: &str) -> Option<Self> {
        match name {
            "video/x-h264" => Some(Self::H264),
            "video/x-h265" => Some(Self::H265),
            _ => None,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "h265",
        }
    }

    pub(super) fn depayloader(self) -> &'static str {
        match self {
            Self::H264 => "rtph264depay",
            Self::H265 => "rtph265depay",
        }
    }

    pub(crate) fn parser(self) -> &'static str {
        match self {
            Self::H264 => "h264parse",
            Self::H265 => "h265parse",
        }
    }

    /// Decoders, best first: those in hardware, then libav's, which is always there.
    pub(super) fn decoders(self) -> &'static [&'static str] {
        match self {
            Self::H264 => &["vah264dec", "nvh264dec", "v4l2slh264dec", "v4l2h264dec", SOFT_H264],
            Self::H265 => &["vah265dec", "nvh265dec", "v4l2slh265dec", "v4l2h265dec", SOFT_H265],
        }
    }
}

pub(super) const SOFT_H264: &str = "avdec_h264";
pub(super) const SOFT_H265: &str = "avdec_h265";

/// Is it a decoder in hardware, which may be there and yet not work?
pub(super) fn is_hardware(decoder: &str) -> bool {
    ![SOFT_H264, SOFT_H265].contains(&decoder)
}
