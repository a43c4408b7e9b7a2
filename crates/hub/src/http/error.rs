//! The one error of this server: it turns itself into a response.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use siaga_hub_api::{ApiError, ErrorCode};
use siaga_hub_store::StoreError;

/// Why a request gets no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error that the desk is told.
    Told(ApiError),
    /// The hub stops. No word of it: a desk takes an error as the hub's decision and gives its
    /// session up, but one without an answer comes back to the next hub.
    Stopping,
}

impl Failure {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self::Told(ApiError::new(code, detail))
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Told(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed a request");
        Self::new(ErrorCode::Internal, "the store does not answer")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Told(error) => error,
            Self::Stopping => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        };
        let status = match error.code {
            ErrorCode::WrongPassword | ErrorCode::NotLoggedIn => StatusCode::UNAUTHORIZED,
            ErrorCode::SlowDown => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::SeatTaken
            | ErrorCode::NotYours
            | ErrorCode::NotNow
            | ErrorCode::CheckSilenceFirst => StatusCode::CONFLICT,
            ErrorCode::NoSuchSeat
            | ErrorCode::NoSuchCall
            | ErrorCode::NoSuchUnit
            | ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::NotAllowed | ErrorCode::MayNotCall => StatusCode::FORBIDDEN,
            ErrorCode::Malformed => StatusCode::BAD_REQUEST,
            ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::OutOfRange => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::NotStored => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(error)).into_response()
    }
}
