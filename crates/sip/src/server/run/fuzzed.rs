//! The server without its sockets and its clock, for [`crate::fuzzing`].

use super::super::accept::Arrival;
use super::{Actor, ServerConfig, ServerEvent};
use crate::stack::FlowId;
use crate::types::DialogKey;
use rand::rngs::StdRng;
use std::collections::HashMap;
use std::time::Instant;
use tokio::sync::mpsc;

pub(crate) struct FuzzedServer {
    pub(crate) actor: Actor,
    outbound: HashMap<u64, mpsc::Receiver<Vec<u8>>>,
}

/// What the server did.
pub(crate) enum Deed {
    Sent(Vec<u8>),
    Began(DialogKey),
    Ended(DialogKey),
}

impl FuzzedServer {
    pub(crate) fn new(cfg: ServerConfig, rng: StdRng) -> Self {
        let local = cfg.bind;
        Self { actor: Actor::new(cfg, local, rng), outbound: HashMap::new() }
    }

    pub(crate) fn up(&mut self, now: Instant, number: u64) {
        let flow = FlowId(number);
        if self.actor.flows.contains_key(&flow) {
            return;
        }
        let (outbound, queue) = mpsc::channel(crate::ws::OUTBOUND);
        self.outbound.insert(number, queue);
        let remote = ([10, 0, 0, 1], 5000).into();
        self.actor.on_arrival(now, Arrival::Up { flow, remote, outbound });
    }

    /// What it has done since it was asked last.
    pub(crate) fn deeds(&mut self, now: Instant) -> Vec<Deed> {
        self.actor.flush(now);
        let mut deeds = Vec::new();
        for queue in self.outbound.values_mut() {
            while let Ok(bytes) = queue.try_recv() {
                deeds.push(Deed::Sent(bytes));
            }
        }
        while let Some(event) = self.actor.events.pop_front() {
            match event {
                ServerEvent::Incoming(leg) => deeds.push(Deed::Began(leg.dialog)),
                ServerEvent::Failed { dialog, .. } | ServerEvent::Ended { dialog, .. } => {
                    deeds.push(Deed::Ended(dialog));
                }
                ServerEvent::Registered { .. }
                | ServerEvent::Unregistered { .. }
                | ServerEvent::Ringing { .. }
                | ServerEvent::Answered { .. }
                | ServerEvent::Confirmed { .. }
                | ServerEvent::Reoffer { .. }
                | ServerEvent::Info { .. }
                | ServerEvent::Rejected { .. } => {}
            }
        }
        deeds
    }

    /// After the last call and every timeout: nothing is kept for any of them.
    pub(crate) fn check_empty(&self) {
        assert!(self.actor.stack.is_idle(), "transactions or dialogs are left");
        assert!(self.actor.strangers.is_empty() && self.actor.delayed.is_empty());
        assert!(self.actor.waiting.is_empty(), "somebody waits for an answer in vain");
    }
}
