//! Stereo Ogg Opus that survives kill -9, and its seal
