//! A bad network between telephones and their switch, for telephones that know nothing of it.
//!
//! [`SipDetour`] is a SIP-over-WebSocket proxy. What is signalled passes untouched, but for the
//! addresses in SDP: the media of every call is led through a [`LossyRelay`] of its own. So neither
//! the telephone nor the switch has a line of code for being tested on a bad network. The switch sees
//! all telephones at one address; nothing here is for production.

use crate::relay::{LinkModel, LossyRelay, reroute};
use futures_util::{SinkExt, StreamExt};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, JoinSet};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{accept_hdr_async, client_async};

/// RFC 7118.
const SUBPROTOCOL: HeaderValue = HeaderValue::from_static("sip");

/// Calls whose media is led through here at most; the media of further ones goes straight.
const MOST_CALLS: usize = 256;

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ToSwitch,
    ToTelephone,
}

/// The relays of all calls by their Call-ID. They outlive a lost connection, as media does.
#[derive(Clone)]
struct Relays {
    model: LinkModel,
    by_call: Arc<Mutex<HashMap<String, LossyRelay>>>,
}

/// See the module. Ends, with all media that passes here, when it is dropped.
pub struct SipDetour {
    local: SocketAddr,
    task: JoinHandle<()>,
}

impl SipDetour {
    /// Leads telephones that connect to [`ws_url`](Self::ws_url) to the switch at `switch`
    /// (`ws://host:port/`), and their media over links of this model. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound, or `switch` is no `ws://` address with a port.
    pub async fn start(switch: &str, model: LinkModel) -> io::Result<Self> {
        let authority = switch.strip_prefix("ws://").map(|rest| rest.trim_end_matches('/'));
        let authority = authority
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a ws:// address"))?
            .to_owned();
        let url = switch.to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let local = listener.local_addr()?;
        let relays = Relays { model, by_call: Arc::default() };
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (authority, url) = (authority.clone(), url.clone());
                let relays = relays.clone();
                connections.spawn(async move {
                    if let Err(error) = lead(stream, &authority, &url, &relays).await {
                        tracing::debug!(error, "a connection of the detour has ended");
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { local, task })
    }

    /// Where telephones connect.
    pub fn ws_url(&self) -> String {
        format!("ws://{}/", self.local)
    }
}

impl Drop for SipDetour {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries messages both ways until one side ends it.
async fn lead(
    telephone: TcpStream,
    authority: &str,
    url: &str,
    relays: &Relays,
) -> Result<(), String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    #[allow(clippy::result_large_err, reason = "the callback's type is the library's")]
    let speak_sip = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        response.headers_mut().insert("Sec-WebSocket-Protocol", SUBPROTOCOL);
        Ok(response)
    };
    let _ = telephone.set_nodelay(true);
    let mut telephone = accept_hdr_async(telephone, speak_sip).await.map_err(|e| text(&e))?;
    let stream = TcpStream::connect(authority).await.map_err(|e| text(&e))?;
    let _ = stream.set_nodelay(true);
    let mut request = url.into_client_request().map_err(|e| text(&e))?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", SUBPROTOCOL);
    let (mut switch, _) = client_async(request, stream).await.map_err(|e| text(&e))?;
    loop {
        let (way, message) = tokio::select! {
            message = telephone.next() => (Way::ToSwitch, message),
            message = switch.next() => (Way::ToTelephone, message),
        };
        let Some(Ok(message)) = message else { break };
        let message = match message {
            Message::Text(sip) => Message::Text(relays.pass(sip.as_str(), way).await.into()),
            Message::Binary(bytes) => match std::str::from_utf8(&bytes) {
                Ok(sip) => Message::Binary(relays.pass(sip, way).await.into_bytes().into()),
                Err(_) => Message::Binary(bytes),
            },
            Message::Close(_) => break,
            // Answered by the library at either end.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
        let sent = match way {
            Way::ToSwitch => switch.send(message).await,
            Way::ToTelephone => telephone.send(message).await,
        };
        sent.map_err(|e| text(&e))?;
    }
    // Whoever is still there is told; whoever is not needs no farewell.
    let _ = telephone.close(None).await;
    let _ = switch.close(None).await;
    Ok(())
}

impl Relays {
    /// The message as the other side gets it.
    async fn pass(&self, sip: &str, way: Way) -> String {
        let Some(call) = header(sip, "Call-ID", "i") else { return sip.to_owned() };
        let mut by_call = self.by_call.lock().await;
        if sip.starts_with("BYE ") {
            by_call.remove(call);
            return sip.to_owned();
        }
        let Some((head, sdp)) = with_sdp(sip) else { return sip.to_owned() };
        if !by_call.contains_key(call) {
            if by_call.len() >= MOST_CALLS {
                return sip.to_owned();
            }
            // Each call has fates of its own, the same in every run.
            let model = LinkModel {
                seed: self.model.seed.wrapping_add(by_call.len() as u64),
                ..self.model
            };
            match LossyRelay::start(model, None, None).await {
                Ok(relay) => by_call.insert(call.to_owned(), relay),
                Err(error) => {
                    tracing::warn!(%error, "no relay: this call's media goes straight");
                    return sip.to_owned();
                }
            };
        }
        let Some(relay) = by_call.get(call) else { return sip.to_owned() };
        // The telephone is side A.
        let sdp = match way {
            Way::ToTelephone => {
                let (sdp, switch) = reroute(sdp, relay.facing_a());
                if let Some(switch) = switch {
                    relay.set_b(switch);
                }
                sdp
            }
            Way::ToSwitch => {
                let (sdp, telephone) = reroute(sdp, relay.facing_b());
                if let Some(telephone) = telephone {
                    relay.set_a(telephone);
                }
                sdp
            }
        };
        with_body(head, &sdp)
    }
}

/// The value of a header, by its long or its compact name.
pub(crate) fn header<'a>(sip: &'a str, name: &str, compact: &str) -> Option<&'a str> {
    let head = sip.split("\r\n\r\n").next().unwrap_or(sip);
    head.split("\r\n").skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        let key = key.trim();
        (key.eq_ignore_ascii_case(name) || key.eq_ignore_ascii_case(compact)).then(|| value.trim())
    })
}

/// Head and body of a message that carries SDP.
pub(crate) fn with_sdp(sip: &str) -> Option<(&str, &str)> {
    let kind = header(sip, "Content-Type", "c")?;
    let (head, body) = sip.split_once("\r\n\r\n")?;
    (kind.eq_ignore_ascii_case("application/sdp") && !body.is_empty()).then_some((head, body))
}

/// The message with another body, and its length.
pub(crate) fn with_body(head: &str, body: &str) -> String {
    let mut out = String::with_capacity(head.len() + body.len() + 4);
    for line in head.split("\r\n") {
        let key = line.split(':').next().unwrap_or_default().trim();
        if key.eq_ignore_ascii_case("Content-Length") || key.eq_ignore_ascii_case("l") {
            out.push_str(&format!("Content-Length: {}", body.len()));
        } else {
            out.push_str(line);
        }
        out.push_str("\r\n");
    }
    out.push_str("\r\n");
    out.push_str(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:pmj-1@siaga.invalid SIP/2.0\r\ni: abc\r\n\
        Content-Type: application/sdp\r\nContent-Length: 60\r\n\r\n\
        v=0\r\na=candidate:1 1 udp 2130706431 192.0.2.7 4711 typ host\r\n";

    fn relays() -> Relays {
        Relays { model: LinkModel::default(), by_call: Arc::default() }
    }

    #[tokio::test]
    async fn an_offers_media_is_led_through_the_relay_and_the_length_is_right() {
        let relays = relays();
        let passed = relays.pass(INVITE, Way::ToTelephone).await;
        let facing = relays.by_call.lock().await["abc"].facing_a().port().to_string();
        assert!(passed.contains(&format!("127.0.0.1 {facing} typ host")), "{passed}");
        assert!(!passed.contains("192.0.2.7"), "{passed}");
        let (head, body) = passed.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    }

    #[tokio::test]
    async fn offer_and_answer_of_a_call_share_a_relay_and_the_bye_ends_it() {
        let relays = relays();
        relays.pass(INVITE, Way::ToTelephone).await;
        let answer = INVITE.replacen("INVITE sip:pmj-1@siaga.invalid SIP/2.0", "SIP/2.0 200 OK", 1);
        let passed = relays.pass(&answer, Way::ToSwitch).await;
        let facing = relays.by_call.lock().await["abc"].facing_b().port().to_string();
        assert!(passed.contains(&format!("127.0.0.1 {facing} typ host")), "{passed}");
        relays.pass("BYE sip:x SIP/2.0\r\nCall-ID: abc\r\n\r\n", Way::ToSwitch).await;
        assert!(relays.by_call.lock().await.is_empty());
    }

    #[tokio::test]
    async fn what_carries_no_sdp_passes_as_it_is() {
        for sip in
            ["\r\n\r\n", "REGISTER sip:x SIP/2.0\r\nCall-ID: r\r\nContent-Length: 0\r\n\r\n", ""]
        {
            assert_eq!(relays().pass(sip, Way::ToSwitch).await, sip);
        }
    }
}
