//! Sitting down and leaving.

use super::{Shared, bearer, error::Failure, random_secret, token};
use crate::actor::Inbox;
use crate::core::{Seated, SitRequest};
use crate::line::AccountJob;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use siaga_hub_api::{CaseBlock, ErrorCode, LoginRequest, Session, SipAccount};
use siaga_hub_store::{Operator, OperatorName, SessionRecord, TokenHash};
use siaga_model::Redacted;
use std::net::{IpAddr, SocketAddr};
use std::sync::PoisonError;
use tokio::sync::oneshot;

/// How many case numbers a session begins with.
const FIRST_BLOCK: u32 = 20;

pub(super) async fn login(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Session>, Failure> {
    let body = body.map_err(|_| Failure::new(ErrorCode::TooLarge, "the body of a login"))?;
    let request: LoginRequest = serde_json::from_slice(&body).map_err(|error| {
        // Not serde's own text: it may quote the password.
        let place = format!("{:?} error at column {}", error.classify(), error.column());
        Failure::new(ErrorCode::Malformed, place)
    })?;
    let operator = identify(&shared, peer.ip(), &request).await?;
    let session_token = random_secret();
    let hash = TokenHash::of(&session_token);
    let sit = SitRequest {
        token: hash.clone(),
        operator: operator.name.clone(),
        display: operator.display,
        role: operator.role,
        allowed: operator.seats,
        seat: request.seat,
    };
    let seated = shared.ask(|reply| Inbox::Sit { request: sit, reply }).await??;
    let name = operator.name;
    let furnished = async {
        let session = SessionRecord {
            token: hash.clone(),
            operator: name,
            seat: seated.seat.id.clone(),
            opened_at: shared.0.clock.now(),
        };
        shared.0.store.open_session(&session).await?;
        furnish(&shared, &seated).await
    };
    match furnished.await {
        Ok(furniture) => Ok(Json(session(&shared, session_token, seated, furniture))),
        Err(failure) => {
            // The seat must not stay taken by a session that nobody has.
            let _ = shared.ask(|reply| Inbox::Leave { token: hash, reply }).await;
            Err(failure)
        }
    }
}

/// A desk that was started again, or whose switch was, goes on in its session, with a new telephone
/// account: the old one ends, its leg does not.
pub(super) async fn resume(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<Json<Session>, Failure> {
    let session_token = bearer(&headers)?;
    let token = TokenHash::of(&session_token);
    let seated = shared.ask(|reply| Inbox::Resume { token, reply }).await??;
    let furniture = furnish(&shared, &seated).await?;
    Ok(Json(session(&shared, session_token, seated, furniture)))
}

pub(super) async fn logout(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    let token = token(&headers)?;
    shared.ask(|reply| Inbox::Leave { token, reply }).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose name and password these are. One answer for a wrong name and a wrong password, after the
/// same time.
async fn identify(
    shared: &Shared,
    address: IpAddr,
    request: &LoginRequest,
) -> Result<Operator, Failure> {
    let wrong = || Failure::new(ErrorCode::WrongPassword, "unknown operator or wrong password");
    let gate = || shared.0.gate.lock().unwrap_or_else(PoisonError::into_inner);
    let name = OperatorName::new(&request.operator)
        .ok_or_else(|| Failure::new(ErrorCode::OutOfRange, "operator"))?;
    // Before the gate is asked: else many guesses at once would all find it open.
    let _turn = shared.0.passwords.acquire().await;
    let asked = gate().ask(shared.0.clock.now(), address, name.as_str());
    if let Err(wait) = asked {
        let seconds = wait.as_secs() + 1;
        return Err(Failure::new(ErrorCode::SlowDown, seconds.to_string()));
    }
    let operator = shared.0.store.operator(&name).await?;
    let hash = operator.as_ref().map_or(&shared.0.nobody, |operator| &operator.password);
    let matches = hash.verify(request.password.clone()).await.map_err(|error| {
        tracing::error!(%error, "a password could not be checked");
        Failure::new(ErrorCode::Internal, "the password could not be checked")
    })?;
    let known = operator.is_some();
    match operator {
        Some(operator) if matches => Ok(operator),
        Some(_) | None => {
            gate().failed(shared.0.clock.now(), address, name.as_str());
            tracing::warn!(%address, "a login failed");
            // The gate bounds how many an address can put into the log.
            let _ = shared.0.hub.send(Inbox::LoginFailed { address, known }).await;
            Err(wrong())
        }
    }
}

/// What a session needs beside its seat.
struct Furniture {
    secret: Redacted<String>,
    cases: CaseBlock,
}

/// Telephone account and case numbers of a session.
async fn furnish(shared: &Shared, seated: &Seated) -> Result<Furniture, Failure> {
    let seat = &seated.seat.id;
    let (now, day) = shared.ask(|reply| Inbox::Today { reply }).await?;
    let code = &shared.0.polda_code;
    let lease = shared.0.store.lease_numbers(code, day, seat, FIRST_BLOCK, now).await?;
    let no_telephone =
        |_: &dyn std::fmt::Debug| Failure::new(ErrorCode::Internal, "the switch does not answer");
    let secret = random_secret();
    let (reply, admitted) = oneshot::channel();
    let admit = AccountJob::Admit { seat: seat.clone(), secret: secret.clone(), reply };
    shared.0.accounts.send(admit).await.map_err(|error| no_telephone(&error))?;
    admitted.await.map_err(|error| no_telephone(&error))?.map_err(|error| no_telephone(&error))?;
    let seat = seat.clone();
    let block = shared.ask(|reply| Inbox::FirstBlock { seat, lease, reply }).await?;
    let cases = block.ok_or_else(|| Failure::new(ErrorCode::Internal, "no case numbers"))?;
    Ok(Furniture { secret, cases })
}

fn session(
    shared: &Shared,
    token: Redacted<String>,
    seated: Seated,
    furniture: Furniture,
) -> Session {
    let endpoint = shared.0.switch.endpoint();
    Session {
        token,
        operator_name: seated.display,
        role: seated.role,
        sip: SipAccount {
            ws_url: endpoint.ws_url,
            domain: endpoint.domain,
            user: seated.seat.id.to_string(),
            secret: furniture.secret,
        },
        seat: seated.seat,
        unit: seated.unit,
        level: seated.level,
        cases: furniture.cases,
        units: seated.units,
        plugins: shared.0.rules.releases(),
        gazetteer: shared.0.rules.gazetteer.as_ref().map(|asset| asset.release.clone()),
        now: shared.0.clock.now(),
        transfer_ring_s: seated.transfer_ring_s,
        dial: seated.dial,
    }
}
