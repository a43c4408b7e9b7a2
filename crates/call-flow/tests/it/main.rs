//! How a call lives, told by examples and by random nights, always under the eye of a simulated
//! switch that knows only the commands it was given.

mod endings;
mod eye;
mod journeys;
mod losses;
mod nights;
mod observer;
mod queueing;
mod regressions;
mod room;
mod steps;
mod transfers;
