//! Asterisk 22 as the switch of a hub, steered through ARI (its REST interface and its events).
//!
//! A citizen's call comes in on the trunk. The dialplan begins to record, answers, and gives the
//! channel to the Stasis application `siaga`: from there on the hub decides. The call gets a bridge of
//! its own with waiting music; seats are rung by originating a channel each, and join and leave the
//! bridge; the citizen's channel stays in it until the call ends. When it has ended, the two raw files
//! of the recording become one sealed Ogg Opus file.
//!
//! Asterisk outlives its hub. Two people who talk keep talking while no hub is there; a hub that comes
//! back lists channels and bridges and knows each by its id ([`names`]). A connection that is lost is
//! therefore nothing but that: what was missed is learnt from the lists. Only another start of
//! Asterisk means that its calls are gone.
//!
//! [`ari`] is the typed client, [`names`] what the dialplan and we agree on.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod ari;
pub mod names;
