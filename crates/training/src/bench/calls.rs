//! How many recorded calls at once one machine carries with each switch, and what a call costs.
//!
//! Calls are added until the promise breaks twice: late or lost sweeps, or a call that is not answered. The
//! switch runs in a process of its own (Asterisk in two: itself, and what steers and seals), so that what
//! it costs can be told from what callers and seats cost, which is printed beside it: they take their share
//! of the same machine. Callers of the embedded switch speak Opus over WebRTC, those of Asterisk G.711 on its
//! trunk, as they would.

mod line;

use super::BenchOptions;
use super::chirp::{Chirps, Delays, LONGEST, Sweep};
use super::cpu::{self, CpuTime};
use crate::apart::{Recorded, SwitchProcess, SwitchProgram, seat};
use crate::caller::{Caller, CallerConfig, CallerState};
use crate::network::NotAllowed;
use crate::pbx::Pbx;
use crate::run::SwitchKind;
use crate::sound::{Ear, Speaker};
use crate::stage::{POLDA, draw_password};
use crate::telephone::{AnsweredCall, Registered};
use anyhow::Context;
use line::Line;
use siaga_model::{Redacted, Seat};
use siaga_switch::SipEndpoint;
use std::fmt;
use std::time::{Duration, Instant};

/// Calls at once, step by step.
const STEPS: [u16; 9] = [1, 4, 8, 16, 24, 32, 40, 48, 64];

/// Left to the jitter buffers after calls were added.
const SETTLING: Duration = Duration::from_secs(4);

/// How long is measured at each step.
const WINDOW: Duration = Duration::from_secs(5);

/// No step begins later than this after the first.
const LAST_STEP_AFTER: Duration = Duration::from_secs(80);

/// How long everybody can speak at most.
const TRACK: Duration = Duration::from_secs(200);

/// How long a call may take from dialling to both being heard.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// In how many calls of a step the delay is looked for: a look costs more than the call.
const SAMPLED: usize = 12;

/// The promise: 99 of 100 sweeps arrive within this through the mixer, in ms.
const PROMISED_MS: f64 = 130.0;

/// And so many of 100 may be lost.
const LOST_PERCENT: f64 = 1.0;

/// What was measured with so many calls.
#[derive(Clone, Debug)]
struct Step {
    calls: u16,
    delays: Delays,
    /// CPU of the switch, ms per second, all calls together.
    switch_cpu: Option<f64>,
    /// CPU of callers and seats.
    load_cpu: Option<f64>,
    /// Memory of the switch, in MB.
    memory: Option<f64>,
}

impl Step {
    fn lost_percent(&self) -> f64 {
        let (said, found) = (self.delays.said(), self.delays.found());
        100.0 * (said - found) as f64 / said.max(1) as f64
    }

    fn keeps_the_promise(&self) -> bool {
        let late = self.delays.percentile(0.99).is_none_or(|ms| ms > PROMISED_MS);
        !late && self.lost_percent() <= LOST_PERCENT
    }
}

/// What one switch carried.
struct Carried {
    switch: &'static str,
    /// CPU and memory of the switch without a call.
    idle: (Option<f64>, Option<f64>),
    steps: Vec<Step>,
    /// Why no more calls were added.
    ended: String,
    recorded: Recorded,
}

impl Carried {
    /// The last step that kept the promise.
    fn best(&self) -> Option<&Step> {
        self.steps.iter().rev().find(|step| step.keeps_the_promise())
    }

    /// CPU (ms/s) and memory (MB) that one of the calls of a step costs.
    fn each(&self, step: &Step) -> (Option<f64>, Option<f64>) {
        let each = |all: Option<f64>, idle: Option<f64>| {
            all.zip(idle).map(|(all, idle)| (all - idle).max(0.0) / f64::from(step.calls))
        };
        (each(step.switch_cpu, self.idle.0), each(step.memory, self.idle.1))
    }
}

/// A figure, or a dash where there is none.
struct Figure(Option<f64>);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => f.pad(&format!("{value:.1}")),
            None => f.pad("-"),
        }
    }
}

/// Measures both switches, one after the other, and hands each line to `print` as soon as it is known.
///
/// # Errors
/// When a switch does not come up at all.
pub async fn bench_calls(
    options: &BenchOptions,
    mut print: impl FnMut(&str),
) -> anyhow::Result<()> {
    print(&cpu::load().to_string());
    print(&format!(
        "{:<9} {:>5}  {:>8} {:>8} {:>7}  {:>16} {:>14}  {:>16}",
        "switch",
        "calls",
        "p50 ms",
        "p99 ms",
        "lost %",
        "CPU a call ms/s",
        "MB a call",
        "callers, seats ms/s"
    ));
    let mut carried = Vec::new();
    for kind in [SwitchKind::Embedded, SwitchKind::Asterisk] {
        match carry(kind, options, &mut print).await {
            Ok(one) => carried.push(one),
            Err(error) => match error.downcast_ref::<NotAllowed>() {
                Some(why) => print(&format!("skipped: asterisk: {why}")),
                None => return Err(error),
            },
        }
    }
    for one in &carried {
        print(&format!(
            "{}: {} calls at once keep the promise ({PROMISED_MS} ms for 99 %, {LOST_PERCENT} % lost); {}; \
             {} of {} recordings sealed {:.0} s after the end, the shortest {:.0} s, first and last {}",
            one.switch,
            one.best().map_or(0, |step| step.calls),
            one.ended,
            one.recorded.sealed,
            one.recorded.calls,
            one.recorded.took_s,
            one.recorded.shortest_s,
            if one.recorded.audible { "audible on both sides" } else { "NOT audible" },
        ));
    }
    if let [embedded, asterisk] = &carried[..] {
        for line in beside(embedded, asterisk) {
            print(&line);
        }
    }
    Ok(())
}

/// The two side by side, at the most calls that both were measured with.
fn beside(embedded: &Carried, asterisk: &Carried) -> Vec<String> {
    let ratio = |name: &str, a: Option<f64>, b: Option<f64>| {
        let ratio = a.zip(b).filter(|(a, _)| *a > 0.0).map(|(a, b)| b / a);
        let ratio = ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        format!("{name:<44} embedded {:>8}  asterisk {:>8}  ratio {ratio}", Figure(a), Figure(b))
    };
    let calls = |one: &Carried| one.best().map(|step| f64::from(step.calls));
    let mut lines = vec![ratio("calls at once", calls(embedded), calls(asterisk))];
    let common = embedded.steps.iter().rev().find_map(|a| {
        let b = asterisk.steps.iter().find(|b| b.calls == a.calls)?;
        (a.keeps_the_promise() && b.keeps_the_promise()).then_some((a, b))
    });
    if let Some((a, b)) = common {
        let (at_a, at_b) = (embedded.each(a), asterisk.each(b));
        lines.push(ratio(&format!("CPU a call, {} calls, ms/s", a.calls), at_a.0, at_b.0));
        lines.push(ratio(&format!("memory a call, {} calls, MB", a.calls), at_a.1, at_b.1));
        let p99 = |step: &Step| step.delays.percentile(0.99);
        lines.push(ratio(&format!("p99 of the delay, {} calls, ms", a.calls), p99(a), p99(b)));
    }
    lines
}

/// Whoever dials.
enum Dialler {
    /// With WebRTC, at the switch itself.
    WebRtc(Box<Caller>),
    /// On a trunk.
    Trunk(Line),
}

/// A call that is up.
struct Call {
    caller: Dialler,
    seat: AnsweredCall,
    /// When each began to speak.
    caller_began: Option<Instant>,
    seat_began: Option<Instant>,
}

impl Call {
    fn caller_ear(&self) -> &Ear {
        match &self.caller {
            Dialler::WebRtc(caller) => &caller.ear,
            Dialler::Trunk(line) => &line.ear,
        }
    }
}

/// One switch and everybody who uses it.
struct Bench {
    endpoint: SipEndpoint,
    secret: Redacted<String>,
    line: Option<crate::caller::TrunkLine>,
    /// The processes that are the switch.
    switch: Vec<u32>,
    by_caller: Chirps,
    by_seat: Chirps,
    calls: Vec<Call>,
}

async fn carry(
    kind: SwitchKind,
    options: &BenchOptions,
    print: &mut impl FnMut(&str),
) -> anyhow::Result<Carried> {
    let most = STEPS[STEPS.len() - 1];
    let dir = tempfile::tempdir().context("a folder for the switch")?;
    let (name, pbx) = match kind {
        SwitchKind::Embedded => ("embedded", None),
        SwitchKind::Asterisk => {
            ("asterisk", Some(Pbx::start(dir.path(), None, &seats(most)?, POLDA).await?))
        }
    };
    let secret = draw_password();
    let program = SwitchProgram {
        dir: dir.path().to_owned(),
        seats: most,
        secret: secret.clone(),
        pbx: pbx.as_ref().map(|pbx| pbx.address().clone()),
    };
    let process = SwitchProcess::start(&options.program, &program).await?;
    let mut switch: Vec<u32> = process.pid().into_iter().collect();
    if let Some(pbx) = &pbx {
        switch.push(pbx.pid().await);
    }
    let mut bench = Bench {
        endpoint: process.endpoint(),
        secret,
        line: pbx.as_ref().map(Pbx::line),
        switch,
        by_caller: Chirps::new(Sweep::Up, TRACK),
        by_seat: Chirps::new(Sweep::Down, TRACK),
        calls: Vec::new(),
    };
    let idle = bench.during(WINDOW).await;
    let mut carried = Carried {
        switch: name,
        idle: (idle.0, bench.memory()),
        steps: Vec::new(),
        ended: format!("no more than {most} were tried"),
        recorded: Recorded::default(),
    };
    let began = Instant::now();
    for calls in STEPS {
        if began.elapsed() > LAST_STEP_AFTER {
            carried.ended = "the time was over".to_owned();
            break;
        }
        if let Err(error) = bench.grow(calls).await {
            carried.ended = format!("at {calls} a call did not come about: {error:#}");
            break;
        }
        let mut step = bench.step(calls).await;
        if !step.keeps_the_promise() {
            // Once may be the machine's: a promise is broken when it is broken again.
            step = bench.step(calls).await;
        }
        let (cpu, memory) = carried.each(&step);
        print(&format!(
            "{name:<9} {calls:>5}  {:>8} {:>8} {:>7.2}  {:>16} {:>14}  {:>16}",
            Figure(step.delays.median()),
            Figure(step.delays.percentile(0.99)),
            step.lost_percent(),
            Figure(cpu),
            Figure(memory),
            Figure(step.load_cpu),
        ));
        let kept = step.keeps_the_promise();
        carried.steps.push(step);
        if !kept {
            carried.ended = format!("{calls} break it");
            break;
        }
    }
    carried.recorded = process.end().await?;
    Ok(carried)
}

impl Bench {
    /// Adds calls until there are so many.
    async fn grow(&mut self, calls: u16) -> anyhow::Result<()> {
        while self.calls.len() < usize::from(calls) {
            let number = u16::try_from(self.calls.len())? + 1;
            let one = tokio::time::timeout(ANSWERED_WITHIN, self.call(number)).await;
            self.calls.push(one.context("in time")??);
        }
        Ok(())
    }

    async fn call(&self, number: u16) -> anyhow::Result<Call> {
        let (endpoint, secret) = (self.endpoint.clone(), self.secret.clone());
        let telephone = Registered::with(endpoint, seat(number)?.to_string(), secret).await?;
        let says = Speaker::new(self.by_seat.track()).on_a_noisy_line();
        let (seat, caller) =
            tokio::try_join!(telephone.answer(Duration::ZERO, says), self.dial(number))?;
        let mut call = Call { caller, seat, caller_began: None, seat_began: None };
        // Both hear and speak in the same tick: what an ear heard first was when its owner spoke first.
        while call.caller_began.is_none() || call.seat_began.is_none() {
            tokio::time::sleep(siaga_media::FRAME_DURATION).await;
            call.caller_began = call.caller_ear().since();
            call.seat_began = call.seat.ear.since();
        }
        Ok(call)
    }

    async fn dial(&self, number: u16) -> anyhow::Result<Dialler> {
        let speaker = Speaker::new(self.by_caller.track()).on_a_noisy_line();
        // Invented (a block of zeros).
        let number = format!("0822000{number:05}");
        match self.line {
            Some(line) => Ok(Dialler::Trunk(line::dial(line, &number, speaker).await?)),
            None => {
                let endpoint = self.endpoint.clone();
                let config = CallerConfig { endpoint, number, speaker, link: None };
                let caller = Caller::dial(config).await?;
                caller.wait_for(ANSWERED_WITHIN, |at| *at == CallerState::Answered).await?;
                Ok(Dialler::WebRtc(Box::new(caller)))
            }
        }
    }

    /// Measures with the calls that there are.
    async fn step(&self, calls: u16) -> Step {
        tokio::time::sleep(SETTLING).await;
        for call in &self.calls {
            call.caller_ear().forget();
            call.seat.ear.forget();
        }
        let from = Instant::now();
        let (switch_cpu, load_cpu) = self.during(WINDOW).await;
        let until = Instant::now();
        // What was said last has to arrive.
        tokio::time::sleep(LONGEST).await;
        let memory = self.memory();
        let mut delays = Delays::default();
        let every = self.calls.len().div_ceil(SAMPLED).max(1);
        for call in self.calls.iter().step_by(every) {
            let (at_caller, at_seat) = (call.caller_ear().heard(), call.seat.ear.heard());
            delays.add(self.by_caller.find(call.caller_began, &at_seat, from, until));
            delays.add(self.by_seat.find(call.seat_began, &at_caller, from, until));
        }
        Step { calls, delays, switch_cpu, load_cpu, memory }
    }

    /// CPU of the switch and of this process over a span of time, ms per second.
    async fn during(&self, span: Duration) -> (Option<f64>, Option<f64>) {
        let read = || (CpuTime::of_processes(&self.switch), CpuTime::of_this_process());
        let (before, from) = (read(), Instant::now());
        tokio::time::sleep(span).await;
        let (after, seconds) = (read(), from.elapsed().as_secs_f64());
        let used = |before: Option<CpuTime>, after: Option<CpuTime>| {
            let (before, after) = before.zip(after)?;
            Some(after.since(before).as_secs_f64() * 1e3 / seconds)
        };
        (used(before.0, after.0), used(before.1, after.1))
    }

    fn memory(&self) -> Option<f64> {
        self.switch.iter().map(|pid| cpu::resident_mb(*pid)).sum()
    }
}

fn seats(count: u16) -> anyhow::Result<Vec<Seat>> {
    (1..=count)
        .map(|number| {
            let (id, label) = (seat(number)?, format!("Meja {number}"));
            Ok(Seat { id, unit: POLDA.parse()?, label })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(calls: u16, delays: Vec<Option<f64>>, cpu: f64) -> Step {
        let mut all = Delays::default();
        all.add(delays);
        let (switch_cpu, memory) = (Some(cpu), Some(f64::from(calls) + 50.0));
        Step { calls, delays: all, switch_cpu, load_cpu: None, memory }
    }

    #[test]
    fn the_promise_breaks_by_late_and_by_lost_sweeps() {
        let good = vec![Some(90.0); 99];
        let with = |more: &[Option<f64>]| good.iter().chain(more).copied().collect::<Vec<_>>();
        assert!(step(1, with(&[Some(90.0)]), 0.0).keeps_the_promise());
        assert!(step(1, with(&[None]), 0.0).keeps_the_promise(), "one of a hundred");
        assert!(!step(1, with(&[None, None]), 0.0).keeps_the_promise());
        assert!(!step(1, with(&[Some(140.0), Some(150.0)]), 0.0).keeps_the_promise());
        assert!(!step(1, Vec::new(), 0.0).keeps_the_promise(), "nothing was heard");
    }

    #[test]
    fn switches_stand_side_by_side_at_the_most_calls_that_both_carry() {
        let carried = |switch, calls: &[u16], broken: &[u16], each: f64| Carried {
            switch,
            idle: (Some(10.0), Some(50.0)),
            steps: calls
                .iter()
                .map(|n| step(*n, vec![Some(90.0); 9], 10.0 + f64::from(*n) * each))
                .chain(broken.iter().map(|n| step(*n, vec![None; 9], 0.0)))
                .collect(),
            ended: String::new(),
            recorded: Recorded::default(),
        };
        let lines = beside(
            &carried("embedded", &[1, 8, 16], &[24], 4.0),
            &carried("asterisk", &[1, 8], &[16], 10.0),
        );
        assert!(lines[0].contains("16.0") && lines[0].ends_with("ratio 0.50"), "{lines:#?}");
        assert!(lines[1].starts_with("CPU a call, 8 calls"), "{lines:#?}");
        assert!(lines[1].ends_with("ratio 2.50") && lines[2].ends_with("ratio 1.00"), "{lines:#?}");
    }
}
