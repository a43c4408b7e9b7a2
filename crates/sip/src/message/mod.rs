//! One SIP message: bytes in, checked fields out, and back.
//!
//! The library's parser reads start line, header names and URIs; what it is lenient about
//! (Content-Length, header lines without a colon, text that is not UTF-8 ending the header list,
//! methods in the wrong case) is checked here first, because a lenient reader and a strict one
//! behind it see two different messages.

pub(crate) use rsipstack::sip::Method;
use rsipstack::sip::{SipMessage, parse_uri, parser::parse_message};
use std::fmt::Write as _;

const UNKNOWN_METHOD: &str = "Method Not Implemented";
const OTHER_VERSION: &str = "Version Not Supported";
const OTHER_SCHEME: &str = "URI Scheme Not Supported";
const BAD_START: &str = "Bad Start Line";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Request { method: Method, uri: String },
    Response { status: u16, reason: String },
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) start: Start,
    /// Names in their canonical long form where the library knows them.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A message that cannot be taken, and the reply to it where one is possible.
pub(crate) struct Malformed {
    pub(crate) what: &'static str,
    pub(crate) reply: Option<Message>,
}

impl Message {
    pub(crate) fn request(method: Method, uri: impl Into<String>) -> Self {
        Self {
            start: Start::Request { method, uri: uri.into() },
            headers: Vec::with_capacity(12),
            body: Vec::new(),
        }
    }

    /// A response with what must be copied from `request` (RFC 3261, 8.2.6.2).
    pub(crate) fn response(request: &Self, status: u16, reason: &str) -> Self {
        let copied = ["Via", "From", "To", "Call-ID", "CSeq"];
        let headers = request
            .headers
            .iter()
            .filter(|(n, _)| copied.iter().any(|c| c.eq_ignore_ascii_case(n)))
            .cloned()
            .collect();
        let reason = reason.to_owned();
        Self { start: Start::Response { status, reason }, headers, body: Vec::new() }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        match self.headers.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some((_, v)) => *v = value.into(),
            None => self.headers.push((name.to_owned(), value.into())),
        }
    }

    #[must_use]
    pub(crate) fn with_sdp(self, sdp: &str) -> Self {
        self.with_body("application/sdp", sdp)
    }

    #[must_use]
    pub(crate) fn with_body(self, content_type: &str, body: &str) -> Self {
        let mut message = self.with("Content-Type", content_type);
        message.body = body.as_bytes().to_vec();
        message
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    pub(crate) fn method(&self) -> Option<Method> {
        match &self.start {
            Start::Request { method, .. } => Some(*method),
            Start::Response { .. } => None,
        }
    }

    /// CSeq number and method; checked when the message was parsed.
    pub(crate) fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.get("CSeq")?.split_once([' ', '\t'])?;
        Some((number.parse().ok().filter(|n| *n < 1 << 31)?, method.trim()))
    }

    pub(crate) fn branch(&self) -> Option<String> {
        let via = split_list(self.get("Via")?).into_iter().next()?;
        via.split(';').skip(1).find_map(|param| {
            let (name, value) = param.split_once('=')?;
            name.trim().eq_ignore_ascii_case("branch").then(|| value.trim().to_owned())
        })
    }

    pub(crate) fn from(&self) -> Option<NameAddr> {
        NameAddr::parse(self.get("From")?)
    }

    pub(crate) fn to(&self) -> Option<NameAddr> {
        NameAddr::parse(self.get("To")?)
    }

    /// The body if it is SDP. `Err` when there is a body that is not.
    pub(crate) fn sdp(&self) -> Result<Option<String>, ()> {
        if self.body.is_empty() {
            return Ok(None);
        }
        let kind = self.get("Content-Type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/sdp") {
            return Err(());
        }
        String::from_utf8(self.body.clone()).map(Some).map_err(|_| ())
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::with_capacity(512 + self.body.len());
        match &self.start {
            Start::Request { method, uri } => {
                let _ = write!(text, "{method} {uri} SIP/2.0\r\n");
            }
            Start::Response { status, reason } => {
                let _ = write!(text, "SIP/2.0 {status} {reason}\r\n");
            }
        }
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n", self.body.len());
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Parses one message that fills `data` whole, as one WebSocket message does (RFC 7118, 4.2).
    pub(crate) fn parse(data: &[u8]) -> Result<Self, Malformed> {
        let fail = |what, head: &str| Malformed { what, reply: refuse(head, what) };
        let end = data.windows(4).position(|w| w == b"\r\n\r\n");
        let Some(end) = end else {
            return Err(fail("Header Without End", &String::from_utf8_lossy(data)));
        };
        let Ok(head) = std::str::from_utf8(&data[..end]) else {
            return Err(fail("Header Not UTF-8", &String::from_utf8_lossy(&data[..end])));
        };
        check_lines(head).map_err(|what| fail(what, head))?;
        let start = head.split("\r\n").next().unwrap_or_default();
        if start.trim_end() != start && !start.starts_with("SIP/") {
            return Err(fail(BAD_START, head));
        }
        let ours = start.starts_with("SIP/2.0 ") || start.ends_with(" SIP/2.0");
        if !ours && (start.starts_with("SIP/") || start.contains(" SIP/")) {
            return Err(fail(OTHER_VERSION, head));
        }
        let message = match parse_message(data) {
            Ok(SipMessage::Request(r)) => {
                let method = r.method;
                if head.split(' ').next() != Some(method.to_string().as_str()) {
                    return Err(fail(UNKNOWN_METHOD, head));
                }
                let uri = head.split(' ').nth(1).unwrap_or_default().to_owned();
                Self {
                    start: Start::Request { method, uri },
                    headers: fields(&r.headers.0),
                    body: vec![],
                }
            }
            Ok(SipMessage::Response(r)) => {
                let status = r.status_code.code();
                let line = head.lines().next().unwrap_or_default();
                let reason = line.splitn(3, ' ').nth(2).unwrap_or_default().trim().to_owned();
                Self {
                    start: Start::Response { status, reason },
                    headers: fields(&r.headers.0),
                    body: vec![],
                }
            }
            Err(_) => {
                let what = if unknown_method(head) { UNKNOWN_METHOD } else { BAD_START };
                return Err(fail(what, head));
            }
        };
        let body = data[end + 4..].to_vec();
        let message = Self { body, ..message };
        message.check_fields().map_err(|what| fail(what, head))?;
        Ok(Self {
            headers: message.headers.into_iter().filter(|(n, _)| n != "Content-Length").collect(),
            ..message
        })
    }

    fn check_fields(&self) -> Result<(), &'static str> {
        for (name, what) in [
            ("From", "From Missing Or Repeated"),
            ("To", "To Missing Or Repeated"),
            ("Call-ID", "Call-ID Missing Or Repeated"),
            ("CSeq", "CSeq Missing Or Repeated"),
        ] {
            if self.all(name).count() != 1 {
                return Err(what);
            }
        }
        if self.branch().is_none_or(|b| b.is_empty()) {
            return Err("Via Without Branch");
        }
        if self.get("Call-ID").is_none_or(str::is_empty) {
            return Err("Call-ID Empty");
        }
        if self.from().is_none_or(|f| f.param("tag").is_none()) {
            return Err("From Without Address Or Tag");
        }
        if self.to().is_none() {
            return Err("To Without Address");
        }
        let Some((_, cseq_method)) = self.cseq() else { return Err("Bad CSeq") };
        if let Start::Request { method, uri } = &self.start {
            if method.to_string() != cseq_method {
                return Err("CSeq Method Differs");
            }
            if self.get("Max-Forwards").is_some_and(|m| m.trim().parse::<u8>().is_err()) {
                return Err("Bad Max-Forwards");
            }
            if uri.starts_with('<') {
                return Err(BAD_START);
            }
            let lower = uri.to_ascii_lowercase();
            if !["sip:", "sips:", "tel:"].iter().any(|s| lower.starts_with(s)) {
                return Err(OTHER_SCHEME);
            }
            if uri.contains('?') {
                return Err("Headers In Request-URI");
            }
        }
        let mut lengths = self.all("Content-Length");
        let length_is_right = lengths
            .next()
            .is_none_or(|l| l.trim().parse() == Ok(self.body.len()) && !l.trim().starts_with('+'));
        if !length_is_right || lengths.next().is_some() {
            return Err("Content-Length Differs From Body");
        }
        Ok(())
    }
}

fn fields(headers: &[rsipstack::sip::Header]) -> Vec<(String, String)> {
    headers.iter().map(|h| (h.name().to_owned(), h.value().trim().to_owned())).collect()
}

fn check_lines(head: &str) -> Result<(), &'static str> {
    for (n, line) in head.split("\r\n").enumerate() {
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err("Control Character In Header");
        }
        if n == 0 || line.starts_with([' ', '\t']) {
            continue;
        }
        let name = line.split_once(':').ok_or("Header Line Without Colon")?.0.trim_end();
        if !is_token(name) {
            return Err("Bad Header Name");
        }
    }
    Ok(())
}

fn unknown_method(head: &str) -> bool {
    let line = head.split("\r\n").next().unwrap_or_default();
    let mut parts = line.split(' ');
    let method = parts.next().unwrap_or_default();
    is_token(method)
        && parts.next().is_some_and(|uri| parse_uri(uri).is_ok())
        && parts.next() == Some("SIP/2.0")
        && parts.next().is_none()
        && method.parse::<Method>().is_err()
}

pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c))
}

/// A 400 (or 416, 501, 505) for a head that did not parse, if enough of it did to route a reply.
fn refuse(head: &str, what: &'static str) -> Option<Message> {
    let mut lines = head.split("\r\n");
    let start = lines.next()?;
    let method = start.split(' ').next()?;
    // A response is never answered, nor is an ACK.
    if start.starts_with("SIP/") || method == "ACK" || !is_token(method) {
        return None;
    }
    let mut found: Vec<(String, String)> = Vec::new();
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = match name.trim().to_ascii_lowercase().as_str() {
            "via" | "v" => "Via",
            "from" | "f" => "From",
            "to" | "t" => "To",
            "call-id" | "i" => "Call-ID",
            "cseq" => "CSeq",
            _ => continue,
        };
        let value: String = value.trim().chars().filter(|c| !c.is_control()).collect();
        found.push((name.to_owned(), value));
    }
    let whole = ["Via", "From", "To", "Call-ID", "CSeq"]
        .iter()
        .all(|name| found.iter().any(|(n, _)| n == name));
    let status = match what {
        UNKNOWN_METHOD => 501,
        OTHER_VERSION => 505,
        OTHER_SCHEME => 416,
        _ => 400,
    };
    let start = Start::Response { status, reason: what.to_owned() };
    whole.then_some(Message { start, headers: found, body: Vec::new() })
}

/// `"Display" <uri>;params`, as From, To and Contact have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameAddr {
    pub(crate) display: Option<String>,
    pub(crate) uri: String,
    pub(crate) params: Vec<(String, Option<String>)>,
}

impl NameAddr {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (display, rest) = if let Some(quoted) = text.strip_prefix('"') {
            let (name, rest) = unquote(quoted)?;
            (Some(name), rest.trim_start())
        } else {
            match text.find('<') {
                Some(at) => (Some(text[..at].trim().to_owned()), &text[at..]),
                None => (None, text),
            }
        };
        let (uri, rest) = match rest.strip_prefix('<') {
            Some(inner) => inner.split_once('>')?,
            None if display.is_some() => return None,
            None => {
                let (uri, rest) = rest.find(';').map_or((rest, ""), |at| rest.split_at(at));
                // Without brackets, these would be the field's own (RFC 3261, 20).
                if uri.contains(['?', ',']) {
                    return None;
                }
                (uri.trim_end(), rest)
            }
        };
        if uri.chars().any(char::is_whitespace) {
            return None;
        }
        parse_uri(uri).ok()?;
        let mut params = Vec::new();
        for part in split_outside_quotes(rest, ';').into_iter().map(str::trim) {
            if part.is_empty() {
                continue;
            }
            let (name, value) = match part.split_once('=') {
                Some((n, v)) => (n.trim(), Some(v.trim().to_owned())),
                None => (part, None),
            };
            params.push((name.to_ascii_lowercase(), value));
        }
        let display = display.filter(|d| !d.is_empty());
        Some(Self { display, uri: uri.to_owned(), params })
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(n, _)| n == name)?;
        found.1.as_deref().map(|v| v.trim_matches('"')).filter(|v| !v.is_empty())
    }

    /// User part of the URI; the number of a `tel:` URI.
    pub(crate) fn user(&self) -> String {
        uri_user(&self.uri)
    }
}

/// Formats a name and a URI; quotes and control characters cannot break out.
pub(crate) fn name_addr(display: Option<&str>, uri: &str) -> String {
    let Some(display) = display else { return format!("<{uri}>") };
    let mut quoted = String::with_capacity(display.len() + 2);
    for c in display.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    format!("\"{quoted}\" <{uri}>")
}

/// The user part of a SIP URI or the number of a `tel:` one, percent-decoded; else empty.
pub(crate) fn uri_user(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once(':') else { return String::new() };
    let user = if scheme.eq_ignore_ascii_case("tel") {
        rest
    } else {
        match rest.rsplit_once('@') {
            Some((userinfo, _)) => userinfo.split(':').next().unwrap_or_default(),
            None => return String::new(),
        }
    };
    percent_decode(user.split(';').next().unwrap_or_default())
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let decoded =
            escaped.and_then(|h| u8::from_str_radix(std::str::from_utf8(h).ok()?, 16).ok());
        out.push(decoded.unwrap_or(byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The text up to the closing quote, escapes undone, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

/// Splits a comma-separated header value, minding quotes and angle brackets.
pub(crate) fn split_list(text: &str) -> Vec<&str> {
    split_outside_quotes(text, ',')
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => angle = true,
            '>' if !quoted => angle = false,
            c if c == separator && !quoted && !angle => {
                parts.push(text[start..at].trim());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests;
