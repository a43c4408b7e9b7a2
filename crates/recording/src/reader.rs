//! Reads what was recorded, also when the recorder was killed: nothing here trusts a byte.

use crate::opus::{Decoder, Layout, packet_samples};
use crate::{DecodeError, SAMPLE_RATE, SealError, VerifyError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use siaga_model::{CallId, Timestamp};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// A packet longer than this is not one of ours; it is skipped so that a hostile file costs no
/// memory. Opus allows 1275 bytes a stream and frame, and at most 48 frames of 2.5 ms.
const MAX_PACKET: usize = 256 * 1024;

/// What a file holds, as far as its bytes are sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// Playable length in seconds: to the last whole page.
    pub seconds: f64,
    /// 1 or 2.
    pub channels: u8,
    /// SHA-256 of all bytes of the file, hex.
    pub sha256: String,
    /// Whether the stream was ended by its recorder and nothing follows or is damaged.
    pub complete: bool,
    /// The call, when the tags tell it.
    pub call: Option<CallId>,
    /// When the first sample was heard, when the tags tell it.
    pub started_at: Option<Timestamp>,
}

/// What is stored with the case, so that any later change to the file is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seal {
    /// The recording.
    pub file: PathBuf,
    /// Its length in seconds.
    pub seconds: f64,
    /// Its channels: 2, left what the caller sends, right what the caller is sent.
    pub channels: u8,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// When its first sample was heard.
    pub starts_at: Timestamp,
}

impl Seal {
    /// Whether `file` (which may have been moved since) is still, byte for byte, what was sealed.
    ///
    /// # Errors
    /// [`SealError::Changed`] when it is another file now, `Verify` when it is none at all.
    pub fn check(&self, file: &Path) -> Result<Verified, SealError> {
        let verified = verify(file)?;
        if verified.sha256 == self.sha256 {
            Ok(verified)
        } else {
            Err(SealError::Changed { sealed: self.sha256.clone(), found: verified.sha256 })
        }
    }
}

/// Seals a file as it is, such as one that a killed recorder left behind.
///
/// # Errors
/// When it cannot be read as a recording.
pub fn seal(path: impl Into<PathBuf>) -> Result<Seal, VerifyError> {
    let file = path.into();
    let verified = verify(&file)?;
    Ok(seal_of(file, verified))
}

/// The seal of a file that was just read.
pub(crate) fn seal_of(file: PathBuf, verified: Verified) -> Seal {
    let Verified { seconds, channels, sha256, started_at, .. } = verified;
    Seal { file, seconds, channels, sha256, starts_at: started_at.unwrap_or_default() }
}

/// Reads a file to its end and says what it holds. A truncated or damaged file is not an error:
/// what lies before the damage counts.
///
/// # Errors
/// [`VerifyError::Read`] when the file cannot be read, `NotARecording` when it has no Opus headers.
pub fn verify(path: &Path) -> Result<Verified, VerifyError> {
    let mut stream = Stream::open(path)?;
    while stream.packet()?.is_some() {}
    Ok(stream.verified())
}

/// The playable part as (left, right), 48 kHz. A file of one channel gives it twice.
///
/// # Errors
/// As [`verify`], or when libopus refuses the stream's layout. A packet that does not decode counts
/// as silence.
pub fn decode(path: &Path) -> Result<(Vec<i16>, Vec<i16>), DecodeError> {
    decode_stream(Stream::open(path)?)
}

/// As [`decode`], of bytes that come from anywhere; `name` is what an error calls them.
///
/// # Errors
/// As [`decode`].
pub fn decode_from(
    source: impl Read + 'static,
    name: &Path,
) -> Result<(Vec<i16>, Vec<i16>), DecodeError> {
    decode_stream(Stream::of(Box::new(source), name)?)
}

fn decode_stream(mut stream: Stream) -> Result<(Vec<i16>, Vec<i16>), DecodeError> {
    let mut decoder = Decoder::new(&stream.head.layout).map_err(DecodeError::Opus)?;
    let channels = usize::from(stream.head.layout.channels);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    while let Some(packet) = stream.packet()? {
        if let Ok(samples) = decoder.decode(&packet) {
            left.extend(samples.iter().step_by(channels));
            right.extend(samples.iter().skip(channels - 1).step_by(channels));
        } else {
            let silence = packet_samples(&packet) as usize;
            left.resize(left.len() + silence, 0);
            right.resize(right.len() + silence, 0);
        }
    }
    let skip = usize::from(stream.head.pre_skip);
    let length = stream.playable_samples() as usize;
    for side in [&mut left, &mut right] {
        side.drain(..skip.min(side.len()));
        side.truncate(length);
    }
    Ok((left, right))
}

/// What `OpusHead` says (RFC 7845 §5.1).
pub(crate) struct Head {
    pub(crate) layout: Layout,
    pub(crate) pre_skip: u16,
}

impl Head {
    fn parse(packet: &[u8]) -> Option<Self> {
        let rest = packet.strip_prefix(b"OpusHead")?;
        // A major version other than 0 is another format.
        if rest.first()? & 0xF0 != 0 {
            return None;
        }
        let channels = *rest.get(1)?;
        let pre_skip = u16::from_le_bytes([*rest.get(2)?, *rest.get(3)?]);
        let layout = match *rest.get(10)? {
            0 => Layout { channels, streams: 1, coupled: u8::from(channels == 2), mapping: [0, 1] },
            1 if channels == 1 => Layout {
                channels,
                streams: *rest.get(11)?,
                coupled: *rest.get(12)?,
                mapping: [*rest.get(13)?, 255],
            },
            1 => Layout {
                channels,
                streams: *rest.get(11)?,
                coupled: *rest.get(12)?,
                mapping: [*rest.get(13)?, *rest.get(14)?],
            },
            _ => return None,
        };
        layout.is_sound().then_some(Self { layout, pre_skip })
    }
}

/// The packets of one file, in order, hashed as they are read.
pub(crate) struct Stream {
    path: PathBuf,
    pages: Pages,
    pub(crate) head: Head,
    call: Option<CallId>,
    started_at: Option<Timestamp>,
    /// What the packets say, and what the last whole page says.
    samples: u64,
    granule: u64,
}

impl Stream {
    pub(crate) fn open(path: &Path) -> Result<Self, VerifyError> {
        let file = File::open(path)
            .map_err(|source| VerifyError::Read { path: path.to_owned(), source })?;
        Self::of(Box::new(file), path)
    }

    fn of(source: Box<dyn Read>, path: &Path) -> Result<Self, VerifyError> {
        let read = |source| VerifyError::Read { path: path.to_owned(), source };
        let not_ours = || VerifyError::NotARecording { path: path.to_owned() };
        let mut pages = Pages::new(source);
        let first = pages.packet().map_err(read)?.ok_or_else(not_ours)?;
        let head = Head::parse(&first).ok_or_else(not_ours)?;
        let tags = pages.packet().map_err(read)?.ok_or_else(not_ours)?;
        let tag = |name| tag(&tags, name);
        Ok(Self {
            path: path.to_owned(),
            head,
            call: tag("CALL").and_then(|text| text.parse().ok()),
            started_at: tag("STARTED_AT").and_then(|text| text.parse().ok()).map(Timestamp),
            pages,
            samples: 0,
            granule: 0,
        })
    }

    pub(crate) fn packet(&mut self) -> Result<Option<Vec<u8>>, VerifyError> {
        let packet = self
            .pages
            .packet()
            .map_err(|source| VerifyError::Read { path: self.path.clone(), source })?;
        if let Some(packet) = &packet {
            self.samples = self.samples.saturating_add(packet_samples(packet));
            if self.pages.granule != u64::MAX {
                self.granule = self.pages.granule;
            }
        }
        Ok(packet)
    }

    /// The smaller of what the granule position claims and what the packets hold.
    pub(crate) fn playable_samples(&self) -> u64 {
        self.granule.min(self.samples).saturating_sub(u64::from(self.head.pre_skip))
    }

    /// To be asked after the last packet.
    fn verified(self) -> Verified {
        Verified {
            seconds: self.playable_samples() as f64 / f64::from(SAMPLE_RATE),
            channels: self.head.layout.channels,
            complete: self.pages.ended && !self.pages.damaged,
            sha256: hex::encode(self.pages.input.hash.finalize()),
            call: self.call,
            started_at: self.started_at,
        }
    }
}

/// One of the comments of `OpusTags`, if it is there and is text.
fn tag(tags: &[u8], name: &str) -> Option<String> {
    fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
        let length = number(rest)?;
        let (text, after) = rest.split_at_checked(length)?;
        *rest = after;
        Some(text)
    }
    fn number(rest: &mut &[u8]) -> Option<usize> {
        let (number, after) = rest.split_first_chunk::<4>()?;
        *rest = after;
        usize::try_from(u32::from_le_bytes(*number)).ok()
    }
    let mut rest = tags.strip_prefix(b"OpusTags")?;
    text(&mut rest)?;
    for _ in 0..number(&mut rest)? {
        let comment = std::str::from_utf8(text(&mut rest)?).ok()?;
        if let Some((key, value)) = comment.split_once('=')
            && key.eq_ignore_ascii_case(name)
        {
            return Some(value.to_owned());
        }
    }
    None
}

/// Counts every byte into the hash.
struct HashingReader {
    inner: BufReader<Box<dyn Read>>,
    hash: Sha256,
}

impl HashingReader {
    /// Fills `buffer` as far as the file goes.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.inner.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.hash.update(&buffer[..filled]);
        Ok(filled)
    }
}

/// Ogg pages of one logical stream (RFC 3533 §6), up to the first that is not sound. The rest of
/// the file is read for its hash only.
struct Pages {
    input: HashingReader,
    serial: Option<u32>,
    next_page: u32,
    ready: std::collections::VecDeque<Vec<u8>>,
    /// The part of a packet that goes on in the next page.
    carried: Vec<u8>,
    granule: u64,
    ended: bool,
    damaged: bool,
    drained: bool,
}

impl Pages {
    fn new(source: Box<dyn Read>) -> Self {
        Self {
            input: HashingReader { inner: BufReader::new(source), hash: Sha256::new() },
            serial: None,
            next_page: 0,
            ready: std::collections::VecDeque::new(),
            carried: Vec::new(),
            granule: 0,
            ended: false,
            damaged: false,
            drained: false,
        }
    }

    fn packet(&mut self) -> io::Result<Option<Vec<u8>>> {
        while self.ready.is_empty() && !self.drained {
            if self.ended || self.damaged || !self.page()? {
                self.drain()?;
            }
        }
        Ok(self.ready.pop_front())
    }

    /// Reads one page; false when there is none, whole and sound.
    fn page(&mut self) -> io::Result<bool> {
        let mut header = [0; 27];
        let filled = self.input.fill(&mut header)?;
        if filled == 0 {
            return Ok(false);
        }
        self.damaged = true;
        if filled < header.len() || !header.starts_with(b"OggS\0") {
            return Ok(false);
        }
        let mut lacing = vec![0; usize::from(header[26])];
        if self.input.fill(&mut lacing)? < lacing.len() {
            return Ok(false);
        }
        let mut body = vec![0; lacing.iter().map(|&l| usize::from(l)).sum()];
        if self.input.fill(&mut body)? < body.len() {
            return Ok(false);
        }
        let word = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let (serial, page, checksum) = (word(14), word(18), word(22));
        let mut blank = header;
        blank[22..26].fill(0);
        let sum = [&blank[..], &lacing, &body].iter().fold(0, |crc, bytes| crc32(crc, bytes));
        if sum != checksum || *self.serial.get_or_insert(serial) != serial || page != self.next_page
        {
            return Ok(false);
        }
        self.damaged = false;
        self.next_page = self.next_page.wrapping_add(1);
        self.granule = u64::from(word(6)) | u64::from(word(10)) << 32;
        self.ended = header[5] & 4 != 0;
        self.split(&lacing, &body);
        Ok(true)
    }

    fn split(&mut self, lacing: &[u8], body: &[u8]) {
        let mut rest = body;
        for &length in lacing {
            let (part, after) = rest.split_at(usize::from(length).min(rest.len()));
            rest = after;
            if self.carried.len() <= MAX_PACKET {
                self.carried.extend(part);
            }
            if length < 255 {
                self.ready.push_back(std::mem::take(&mut self.carried));
            }
        }
    }

    /// Reads what is left, for the hash. Bytes after the end of the stream are damage.
    fn drain(&mut self) -> io::Result<()> {
        let mut buffer = [0; 8192];
        loop {
            let read = self.input.fill(&mut buffer)?;
            self.damaged |= read > 0;
            if read < buffer.len() {
                self.drained = true;
                return Ok(());
            }
        }
    }
}

/// The checksum of RFC 3533 §6: polynomial 0x04c11db7, not reflected, begun with 0.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let mut value = (i as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                value =
                    if value & 0x8000_0000 == 0 { value << 1 } else { value << 1 ^ 0x04c1_1db7 };
                bit += 1;
            }
            table[i] = value;
            i += 1;
        }
        table
    };
    bytes.iter().fold(crc, |crc, &byte| crc << 8 ^ TABLE[usize::from((crc >> 24) as u8 ^ byte)])
}
