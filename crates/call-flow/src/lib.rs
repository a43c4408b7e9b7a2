//! The life of a 110 call, sans-IO
