//! SIP user agent and registrar over WebSocket
