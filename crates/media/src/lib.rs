//! Voice: WebRTC sessions, Opus, jitter buffer, mixer, DTMF
