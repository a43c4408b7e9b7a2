//! The clock behind the deadlines of calls. It ticks while guests run, and a while longer: a desk
//! between two calls is not woken a hundred times a second for nobody.

use crate::limits::TICK;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Thread;
use wasmtime::EngineWeak;

/// Ticks without a guest after which the clock stops. Between two keys it goes on, so that a call
/// need not start it.
const IDLE_TICKS: u32 = 300;

#[derive(Default)]
struct Watch {
    running: AtomicUsize,
    stopped: AtomicBool,
}

/// Starts the clock, and lets it stop.
#[derive(Clone)]
pub(crate) struct Deadlines {
    watch: Arc<Watch>,
    thread: Arc<Ticking>,
}

/// Wakes the thread when the last who could start its clock is gone, so that it ends.
struct Ticking(Thread);

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.unpark();
    }
}

/// While this lives the clock ticks.
pub(crate) struct Running<'a>(&'a Watch);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Deadlines {
    /// Starts the thread. It ends some time after the engine and all clones of this are gone.
    pub(crate) fn watch(engine: EngineWeak) -> std::io::Result<Self> {
        let watch = Arc::new(Watch::default());
        let watched = Arc::downgrade(&watch);
        let thread = std::thread::Builder::new().name("plugin-deadlines".to_owned());
        let thread = thread.spawn(move || {
            let mut idle = 0;
            while let (Some(watch), Some(engine)) = (watched.upgrade(), engine.upgrade()) {
                engine.increment_epoch();
                idle = if watch.is_idle() { idle + 1 } else { 0 };
                let stops = idle > IDLE_TICKS && watch.stops();
                // Neither is kept alive by a clock that sleeps.
                drop((watch, engine));
                if stops {
                    idle = 0;
                    std::thread::park();
                }
                std::thread::sleep(TICK);
            }
        })?;
        Ok(Self { watch, thread: Arc::new(Ticking(thread.thread().clone())) })
    }

    /// A guest runs from now on.
    pub(crate) fn run(&self) -> Running<'_> {
        self.watch.running.fetch_add(1, Ordering::SeqCst);
        if self.watch.stopped.swap(false, Ordering::SeqCst) {
            self.thread.0.unpark();
        }
        Running(&self.watch)
    }
}

impl Watch {
    fn is_idle(&self) -> bool {
        self.running.load(Ordering::SeqCst) == 0
    }

    /// Says that the clock stops, unless a guest has begun to run meanwhile: either it sees that this
    /// was said, or it is seen here.
    fn stops(&self) -> bool {
        self.stopped.store(true, Ordering::SeqCst);
        self.is_idle() || !self.stopped.swap(false, Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadlines() -> Deadlines {
        let thread = Arc::new(Ticking(std::thread::current()));
        Deadlines { watch: Arc::default(), thread }
    }

    #[test]
    fn the_clock_does_not_stop_while_a_guest_runs() {
        let deadlines = deadlines();
        let running = deadlines.run();
        assert!(!deadlines.watch.is_idle() && !deadlines.watch.stops());
        drop(running);
        assert!(deadlines.watch.is_idle() && deadlines.watch.stops());
    }

    #[test]
    fn the_next_guest_starts_a_clock_that_has_stopped() {
        let deadlines = deadlines();
        assert!(deadlines.watch.stops());
        let _running = deadlines.run();
        assert!(!deadlines.watch.stopped.load(Ordering::SeqCst));
        // The token that this left is what the clock would find; without it this waits for ever.
        std::thread::park();
    }
}
