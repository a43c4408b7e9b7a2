//! What a telephone switch must do for the hub, and the embedded one
