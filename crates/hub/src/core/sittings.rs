//! Who sits where.
//!
//! One session a seat; the first one stays. A second login is refused with who sits there and since
//! when, unless the first has no socket any more and nobody is on the line there, or the same
//! operator comes back.

use super::{AuditEvent, ConnectionId, Effect, HubCore, SessionId, numbers};
use siaga_call_flow::SeatChange;
use siaga_hub_api::{ApiError, CaseBlock, DialBook, ErrorCode, UnitInfo};
use siaga_hub_store::{NumberLease, OpenSession, OperatorName, TokenHash, Write};
use siaga_model::{CallId, Level, Role, Seat, SeatId, Timestamp, UnitId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

/// A session ends by itself after this: two shifts.
const LIFE: Duration = Duration::from_secs(16 * 3_600);
/// A seat whose desk has been gone for this long may be taken by another operator.
const GONE: Duration = Duration::from_secs(2);
/// A desk gets at most one view in this time.
const VIEW_EVERY: Duration = Duration::from_millis(20);
/// How many messages that could not be stored are remembered for a session.
const FAILED_REMEMBERED: usize = 64;

/// Somebody whose password was right wants to sit down.
#[derive(Debug)]
pub(crate) struct SitRequest {
    pub(crate) token: TokenHash,
    pub(crate) operator: OperatorName,
    pub(crate) display: String,
    pub(crate) role: Role,
    /// The seats that this operator may use; empty: all.
    pub(crate) allowed: Vec<SeatId>,
    pub(crate) seat: SeatId,
}

/// What the new session is told.
#[derive(Debug)]
pub(crate) struct Seated {
    pub(crate) seat: Seat,
    pub(crate) unit: UnitId,
    pub(crate) level: Level,
    pub(crate) units: Vec<UnitInfo>,
    pub(crate) transfer_ring_s: u32,
    pub(crate) dial: DialBook,
    /// The operator's name as shown.
    pub(crate) display: String,
    pub(crate) role: Role,
}

/// Who asks something over HTTP.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) seat: SeatId,
    pub(crate) unit: UnitId,
    pub(crate) level: Level,
}

impl Visitor {
    /// The unit whose cases this visitor may see; `None`: all.
    pub(crate) fn sees_only(&self) -> Option<&UnitId> {
        (self.level < Level::Polda).then_some(&self.unit)
    }
}

/// Whether the desk's socket stands.
#[derive(Debug)]
enum Link {
    Up { connection: ConnectionId, dirty: bool, view_after: Timestamp, shown: BTreeSet<CallId> },
    Gone { since: Timestamp },
}

/// A session.
#[derive(Debug)]
pub(super) struct Sitting {
    pub(super) session: SessionId,
    pub(super) token: TokenHash,
    pub(super) operator: OperatorName,
    pub(super) display: String,
    pub(super) role: Role,
    since: Timestamp,
    expires: Timestamp,
    link: Link,
    /// The highest number taken of this session's desk.
    taken: u64,
    /// Numbers that were taken and could not be stored.
    failed: BTreeSet<u64>,
    /// Whether the seat wanted calls when it last said so: as it is stored.
    wants: bool,
}

impl Sitting {
    /// One that the last hub had: its desk is expected back.
    pub(super) fn restored(now: Timestamp, open: OpenSession) -> Self {
        Self {
            // Given when it is seated.
            session: SessionId(0),
            token: open.session.token,
            operator: open.session.operator,
            display: open.display,
            role: open.role,
            since: open.session.opened_at,
            expires: open.session.opened_at + LIFE,
            link: Link::Gone { since: now },
            taken: open.taken,
            failed: BTreeSet::new(),
            wants: open.wants_calls,
        }
    }

    pub(super) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires <= now
    }

    pub(super) fn connection(&self) -> Option<ConnectionId> {
        match &self.link {
            Link::Up { connection, .. } => Some(*connection),
            Link::Gone { .. } => None,
        }
    }

    /// Whether a message with this number is new, or has to be done again.
    pub(super) fn is_new(&mut self, seq: u64) -> bool {
        if seq > self.taken {
            self.taken = seq;
            return true;
        }
        self.failed.remove(&seq)
    }

    pub(super) fn failed(&mut self, seq: u64) {
        if self.failed.len() >= FAILED_REMEMBERED {
            self.failed.pop_first();
        }
        self.failed.insert(seq);
    }

    fn set_dirty(&mut self) {
        if let Link::Up { dirty, .. } = &mut self.link {
            *dirty = true;
        }
    }
}

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Sittings {
    by_seat: BTreeMap<SeatId, Sitting>,
    last_session: u64,
}

impl Sittings {
    pub(super) fn get(&self, seat: &SeatId) -> Option<&Sitting> {
        self.by_seat.get(seat)
    }

    /// Seats somebody; gives who sat there.
    pub(super) fn seat(&mut self, seat: SeatId, mut sitting: Sitting) -> Option<Sitting> {
        self.last_session += 1;
        sitting.session = SessionId(self.last_session);
        self.by_seat.insert(seat, sitting)
    }

    /// What a seat wants; gives the session when that is new.
    pub(super) fn wants(&mut self, seat: &SeatId, calls: bool) -> Option<TokenHash> {
        let sitting = self.by_seat.get_mut(seat).filter(|sitting| sitting.wants != calls)?;
        sitting.wants = calls;
        Some(sitting.token.clone())
    }

    pub(super) fn by_session(&mut self, session: SessionId) -> Option<(&SeatId, &mut Sitting)> {
        self.by_seat.iter_mut().find(|(_, sitting)| sitting.session == session)
    }

    pub(super) fn by_connection(
        &mut self,
        connection: ConnectionId,
    ) -> Option<(&SeatId, &mut Sitting)> {
        self.by_seat.iter_mut().find(|(_, sitting)| sitting.connection() == Some(connection))
    }

    fn by_token(&self, token: &TokenHash) -> Option<(&SeatId, &Sitting)> {
        self.by_seat.iter().find(|(_, sitting)| sitting.token == *token)
    }

    /// The seats at which somebody is logged in.
    pub(super) fn seats(&self) -> impl Iterator<Item = &SeatId> {
        self.by_seat.keys()
    }

    pub(super) fn connections(&self) -> Vec<ConnectionId> {
        self.by_seat.values().filter_map(Sitting::connection).collect()
    }

    pub(super) fn all_dirty(&mut self) {
        self.by_seat.values_mut().for_each(Sitting::set_dirty);
    }

    /// Only the desks that show this call have something new to draw.
    pub(super) fn dirty_where_shown(&mut self, call: CallId) {
        for sitting in self.by_seat.values_mut() {
            if let Link::Up { dirty, shown, .. } = &mut sitting.link
                && shown.contains(&call)
            {
                *dirty = true;
            }
        }
    }

    pub(super) fn views_due(&self, now: Timestamp) -> Vec<(SeatId, ConnectionId)> {
        let due = self.by_seat.iter().filter_map(|(seat, sitting)| match &sitting.link {
            Link::Up { connection, dirty: true, view_after, .. } if *view_after <= now => {
                Some((seat.clone(), *connection))
            }
            Link::Up { .. } | Link::Gone { .. } => None,
        });
        due.collect()
    }

    pub(super) fn shown(&mut self, seat: &SeatId, now: Timestamp, calls: BTreeSet<CallId>) {
        if let Some(Link::Up { dirty, view_after, shown, .. }) =
            self.by_seat.get_mut(seat).map(|sitting| &mut sitting.link)
        {
            *dirty = false;
            *view_after = now + VIEW_EVERY;
            *shown = calls;
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let of = |sitting: &Sitting| match &sitting.link {
            Link::Up { dirty: true, view_after, .. } => sitting.expires.min(*view_after),
            Link::Up { .. } | Link::Gone { .. } => sitting.expires,
        };
        self.by_seat.values().map(of).min()
    }

    pub(super) fn expired(&self, now: Timestamp) -> Vec<SeatId> {
        let expired = self.by_seat.iter().filter(|(_, sitting)| sitting.expires <= now);
        expired.map(|(seat, _)| seat.clone()).collect()
    }

    pub(super) fn extend(&mut self, seat: &SeatId, now: Timestamp) {
        if let Some(sitting) = self.by_seat.get_mut(seat) {
            sitting.expires = now + Duration::from_secs(60);
        }
    }
}

impl HubCore {
    /// Somebody sits down. The telephone account and the first numbers are the caller's to arrange.
    pub(crate) fn sit_down(
        &mut self,
        now: Timestamp,
        request: SitRequest,
    ) -> Result<Seated, ApiError> {
        let no_such_seat =
            || ApiError::new(ErrorCode::NoSuchSeat, format!("there is no seat {}", request.seat));
        let seat = self.seats.get(&request.seat).cloned().ok_or_else(no_such_seat)?;
        let unit = self.units.get(&seat.unit).cloned().ok_or_else(no_such_seat)?;
        if !request.allowed.is_empty() && !request.allowed.contains(&seat.id) {
            let detail = format!("{} may not use seat {}", request.operator, seat.id);
            return Err(ApiError::new(ErrorCode::NotAllowed, detail));
        }
        let mut wants_calls = false;
        if let Some(sitting) = self.sittings.get(&seat.id) {
            let same = sitting.operator == request.operator;
            let free = match sitting.link {
                Link::Up { .. } => false,
                Link::Gone { .. } if same => true,
                Link::Gone { since } => now.since(since) >= GONE && !self.has_live_call(&seat.id),
            };
            if !free {
                let since = jiff::Timestamp::from_millisecond(sitting.since.0).unwrap_or_default();
                let detail = format!("{} since {since}", sitting.display);
                return Err(ApiError::new(ErrorCode::SeatTaken, detail));
            }
            wants_calls = same;
            let ended = Write::SessionEnded { token: sitting.token.clone(), at: now };
            self.writes.push(ended);
            self.sittings.by_seat.remove(&seat.id);
            self.audit(now, None, &AuditEvent::SessionEnded { seat: &seat.id });
        }
        if !wants_calls {
            self.seat(now, seat.id.clone(), SeatChange::Pause);
            self.seat_has_moved_on(&seat.id);
        }
        let sitting = Sitting {
            // Given when it is seated.
            session: SessionId(0),
            token: request.token,
            operator: request.operator,
            display: request.display,
            role: request.role,
            since: now,
            expires: now + LIFE,
            link: Link::Gone { since: now },
            taken: 0,
            failed: BTreeSet::new(),
            wants: false,
        };
        let (display, role) = (sitting.display.clone(), sitting.role);
        self.sittings.seat(seat.id.clone(), sitting);
        self.audit(now, None, &AuditEvent::SessionOpened { seat: &seat.id });
        self.commit(None);
        Ok(self.seated(seat, &unit, display, role))
    }

    /// A desk that was started again goes on in its session.
    pub(crate) fn resume(&mut self, now: Timestamp, token: &TokenHash) -> Result<Seated, ApiError> {
        let id = self.seat_of(token)?;
        let gone = || ApiError::new(ErrorCode::NoSuchSeat, "the seat or its unit is gone");
        let seat = self.seats.get(&id).cloned().ok_or_else(gone)?;
        let unit = self.units.get(&seat.unit).cloned().ok_or_else(gone)?;
        let sitting = self.sittings.get(&id).ok_or_else(gone)?;
        let (display, role) = (sitting.display.clone(), sitting.role);
        self.audit(now, None, &AuditEvent::SessionResumed { seat: &id });
        self.commit(None);
        Ok(self.seated(seat, &unit, display, role))
    }

    fn seated(&self, seat: Seat, unit: &siaga_model::Unit, display: String, role: Role) -> Seated {
        Seated {
            unit: unit.id.clone(),
            level: unit.level,
            units: self.unit_infos(),
            transfer_ring_s: u32::try_from(self.flow_config.transfer_ring.as_secs()).unwrap_or(10),
            dial: self.dial.book(role),
            display,
            role,
            seat,
        }
    }

    /// Somebody gave a wrong name or password.
    pub(crate) fn login_failed(&mut self, now: Timestamp, address: IpAddr, known_operator: bool) {
        self.audit(now, None, &AuditEvent::LoginFailed { address, known_operator });
        self.commit(None);
    }

    /// Somebody tries tokens.
    pub(crate) fn tokens_guessed(&mut self, now: Timestamp, address: IpAddr) {
        self.audit(now, None, &AuditEvent::TokensGuessed { address });
        self.commit(None);
    }

    /// The first block of a new session.
    pub(crate) fn first_block(&mut self, seat: &SeatId, lease: NumberLease) -> Option<CaseBlock> {
        self.numbers.leased(seat.clone(), lease);
        self.block(lease)
    }

    /// The operator leaves.
    pub(crate) fn leave(&mut self, now: Timestamp, token: &TokenHash) -> Result<(), ApiError> {
        let seat = self.seat_of(token)?;
        if self.has_live_call(&seat) {
            return Err(ApiError::new(ErrorCode::NotNow, "a call is up at this seat"));
        }
        self.end_sitting(now, &seat, None);
        self.commit(None);
        Ok(())
    }

    /// The seat of a session.
    pub(crate) fn seat_of(&self, token: &TokenHash) -> Result<SeatId, ApiError> {
        let found = self.sittings.by_token(token).map(|(seat, _)| seat.clone());
        found.ok_or_else(|| ApiError::new(ErrorCode::NotLoggedIn, "this session has ended"))
    }

    /// The unit of a session and its level.
    pub(crate) fn unit_of(&self, token: &TokenHash) -> Result<(UnitId, Level), ApiError> {
        let seat = self.seat_of(token)?;
        let unit = self.seats.get(&seat).and_then(|seat| self.units.get(&seat.unit));
        unit.map(|unit| (unit.id.clone(), unit.level))
            .ok_or_else(|| ApiError::new(ErrorCode::NoSuchUnit, "the seat's unit is gone"))
    }

    /// Who a session is.
    pub(crate) fn visitor(&self, token: &TokenHash) -> Result<Visitor, ApiError> {
        let (unit, level) = self.unit_of(token)?;
        Ok(Visitor { seat: self.seat_of(token)?, unit, level })
    }

    /// Whether a session's desk is shown this call just now.
    pub(crate) fn is_shown(&self, token: &TokenHash, call: CallId) -> bool {
        let sitting = self.sittings.by_token(token).map(|(_, sitting)| &sitting.link);
        matches!(sitting, Some(Link::Up { shown, .. }) if shown.contains(&call))
    }

    /// Somebody listens to a recording.
    pub(crate) fn heard(&mut self, now: Timestamp, seat: &SeatId, call: CallId, sha256: &str) {
        self.audit(now, Some(call), &AuditEvent::RecordingHeard { call, seat, sha256 });
        self.commit(None);
    }

    /// The desk of a session has opened a socket. An earlier one of the same session is closed: it
    /// is the same desk, whose old connection nobody has noticed to be dead.
    pub(crate) fn connected(
        &mut self,
        now: Timestamp,
        token: &TokenHash,
        connection: ConnectionId,
    ) -> Result<(), ApiError> {
        let seat = self.seat_of(token)?;
        let unit = self.unit_of(token)?.0;
        if let Some(sitting) = self.sittings.by_seat.get_mut(&seat) {
            if let Some(old) = sitting.connection() {
                self.effects.push_back(Effect::Close { connection: old, bye: None });
            }
            let shown = BTreeSet::new();
            sitting.link = Link::Up { connection, dirty: true, view_after: now, shown };
        }
        // A session that outlived its hub has none left.
        let day = self.today(now);
        if self.numbers.left(&seat, day) == 0 {
            let count = numbers::BLOCK;
            self.effects.push_back(Effect::Lease { seat: seat.clone(), day, count });
        }
        self.seat(now, seat, SeatChange::LoggedIn(unit));
        self.commit(None);
        Ok(())
    }

    /// A socket is gone. The flow is told at once: it knows that a desk with a telephone is not lost
    /// yet, and gives a desk without one two seconds.
    pub(crate) fn disconnected(&mut self, now: Timestamp, connection: ConnectionId) {
        let Some((seat, sitting)) = self.sittings.by_connection(connection) else { return };
        sitting.link = Link::Gone { since: now };
        let seat = seat.clone();
        self.seat(now, seat, SeatChange::LoggedOut);
        self.commit(None);
    }

    /// The hub stops. Its sessions stand: desks are not told to go, they come back to the next hub.
    pub(crate) fn closing_time(&mut self) {
        for connection in self.sittings.connections() {
            self.effects.push_back(Effect::Close { connection, bye: None });
        }
    }

    pub(super) fn end_sitting(&mut self, now: Timestamp, seat: &SeatId, why: Option<ErrorCode>) {
        let Some(sitting) = self.sittings.by_seat.remove(seat) else { return };
        if let Some(connection) = sitting.connection() {
            let bye = why.map(|code| ApiError::new(code, "this session has ended"));
            self.effects.push_back(Effect::Close { connection, bye });
        }
        self.seat(now, seat.clone(), SeatChange::Pause);
        self.seat(now, seat.clone(), SeatChange::LoggedOut);
        self.seat_has_moved_on(seat);
        self.writes.push(Write::SessionEnded { token: sitting.token, at: now });
        self.effects.push_back(Effect::Dismiss(seat.clone()));
        self.audit(now, None, &AuditEvent::SessionEnded { seat });
    }
}
