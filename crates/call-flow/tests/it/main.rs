//! How a call lives, told by examples and by random nights, always under the eye of a simulated
//! switch that knows only the commands it was given.

mod call_backs;
mod colleagues;
mod disposals;
mod endings;
mod eye;
mod figures;
mod journeys;
mod losses;
mod nights;
mod observer;
mod outage;
mod outside;
mod queueing;
mod regressions;
mod rejoins;
mod room;
mod silent_lines;
mod steps;
mod takeovers;
mod tally;
mod transfers;
mod waits;
