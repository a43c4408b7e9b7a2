//! What desks and hub say to each other
