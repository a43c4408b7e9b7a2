//! The hub of a Polda: calls, cases, seats
