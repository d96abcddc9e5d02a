//! A simulated RTSP camera that serves a clip, for the demo and the tests.
