//! Writes one file: ticks in, pages out.

use crate::opus::{Encoder, MAPPING};
use crate::{FRAME, Frame, RecordingError, SAMPLE_RATE, Seal};
use ogg::writing::{PacketWriteEndInfo, PacketWriter};
use sha2::{Digest, Sha256};
use siaga_model::{CallId, Timestamp};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};

/// Both channels together. 15 MB an hour.
const BITS_PER_SECOND: i32 = 32_000;

/// Half of libopus' scale: the ear finds no difference at this rate, and a hub records many calls.
const COMPLEXITY: i32 = 5;

/// 200 ms a page: what a `kill -9` can take, beside the page being written.
const PACKETS_PER_PAGE: u64 = 10;

/// Pages between two requests to bring the file to the disk itself: 3 s, for a power cut.
const PAGES_PER_SYNC: u64 = 15;

/// One request waits while one is under way; further ones are the same wish and are dropped.
const SYNC_QUEUE: usize = 1;

/// What a recording says about itself in its tags.
#[derive(Clone, Debug)]
pub struct RecorderOptions {
    /// The call that is recorded (tag `CALL`).
    pub call: CallId,
    /// When its first sample was heard (tag `STARTED_AT`, milliseconds since the Unix epoch).
    pub started_at: Timestamp,
}

/// Writes one stereo Ogg Opus file. Encoding and writing happen in the caller's thread:
/// [`RecordingHandle`](crate::RecordingHandle) is for those who must not wait for a disk.
pub struct Recorder {
    path: PathBuf,
    file: File,
    pages: PacketWriter<'static, Vec<u8>>,
    encoder: Encoder,
    hash: Sha256,
    options: RecorderOptions,
    serial: u32,
    pre_skip: u16,
    ticks: u64,
    /// Encoded but not yet written: the packet that may turn out to be the page's last.
    pending: Option<Vec<u8>>,
    sync: SyncSender<()>,
}

impl Recorder {
    /// Creates the file and writes its headers. A file that exists is never touched.
    ///
    /// # Errors
    /// [`RecordingError::Create`] and [`RecordingError::Write`] for the file, `Opus` and `Thread`
    /// when the encoder or the syncing thread cannot be had.
    pub fn create(
        path: impl Into<PathBuf>,
        options: RecorderOptions,
    ) -> Result<Self, RecordingError> {
        let path = path.into();
        let encoder = Encoder::new(BITS_PER_SECOND, COMPLEXITY).map_err(RecordingError::Opus)?;
        let pre_skip = encoder.look_ahead().map_err(RecordingError::Opus)?;
        let create = |source| RecordingError::Create { path: path.clone(), source };
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(create)?;
        let sync = start_syncing(file.try_clone().map_err(create)?)?;
        // Serial numbers only have to differ within a file, and there is one stream in it.
        let serial = options.started_at.0 as u32;
        let mut recorder = Self {
            path,
            file,
            pages: PacketWriter::new(Vec::new()),
            encoder,
            hash: Sha256::new(),
            options,
            serial,
            pre_skip,
            ticks: 0,
            pending: None,
            sync,
        };
        if let Err(error) = recorder.write_headers() {
            // Nobody needs a file without a beginning. One that cannot be removed is in no way worse.
            let _ = std::fs::remove_file(&recorder.path);
            return Err(error);
        }
        Ok(recorder)
    }

    fn write_headers(&mut self) -> Result<(), RecordingError> {
        let tags = opus_tags(&self.options);
        self.page(opus_head(self.pre_skip), PacketWriteEndInfo::EndPage, 0)?;
        self.page(tags, PacketWriteEndInfo::EndPage, 0)
    }

    /// The file that is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ticks of 20 ms written so far.
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Records 20 ms. Where nothing was heard, write silence: a recording has no holes.
    ///
    /// # Errors
    /// After an error the file ends with the last whole page; write on in a new one.
    pub fn write(&mut self, left: &Frame, right: &Frame) -> Result<(), RecordingError> {
        self.encode(left, right)?;
        self.ticks += 1;
        Ok(())
    }

    fn encode(&mut self, left: &Frame, right: &Frame) -> Result<(), RecordingError> {
        let packet = self.encoder.encode(left, right).map_err(RecordingError::Opus)?.to_vec();
        if let Some(before) = self.pending.replace(packet) {
            let end = if self.ticks.is_multiple_of(PACKETS_PER_PAGE) {
                PacketWriteEndInfo::EndPage
            } else {
                PacketWriteEndInfo::NormalPacket
            };
            // `before` is packet number `ticks`, counted from 1; RFC 7845 §4 counts pre-skip in.
            self.page(before, end, self.ticks * FRAME as u64)?;
            if self.ticks.is_multiple_of(PACKETS_PER_PAGE * PAGES_PER_SYNC) {
                // Full means that a sync is asked for already.
                let _ = self.sync.try_send(());
            }
        }
        Ok(())
    }

    /// Queues a packet on the current page and hands the file what became whole.
    fn page(
        &mut self,
        packet: Vec<u8>,
        end: PacketWriteEndInfo,
        granule: u64,
    ) -> Result<(), RecordingError> {
        let written = self.pages.write_packet(packet, self.serial, end, granule).and_then(|()| {
            let whole = self.pages.inner_mut();
            if whole.is_empty() {
                return Ok(());
            }
            // One write a page, so that no page is torn by a kill between two writes.
            self.file.write_all(whole)?;
            self.hash.update(&whole[..]);
            whole.clear();
            Ok(())
        });
        written.map_err(|source| self.write_error(source))
    }

    fn write_error(&self, source: io::Error) -> RecordingError {
        RecordingError::Write { path: self.path.clone(), source }
    }

    /// Ends the stream, brings it to the disk and seals it.
    ///
    /// # Errors
    /// What was written before stays playable.
    pub fn finish(mut self) -> Result<Seal, RecordingError> {
        let spoken = self.ticks * FRAME as u64;
        // The encoder still holds `pre_skip` samples: one more tick brings them out, and the last
        // granule position cuts off what is too much (RFC 7845 §4.4).
        self.encode(&[0; FRAME], &[0; FRAME])?;
        if let Some(last) = self.pending.take() {
            let granule = spoken + u64::from(self.pre_skip);
            self.page(last, PacketWriteEndInfo::EndStream, granule)?;
        }
        self.file.sync_all().map_err(|source| self.write_error(source))?;
        Ok(Seal {
            file: self.path,
            seconds: spoken as f64 / f64::from(SAMPLE_RATE),
            channels: 2,
            sha256: hex::encode(self.hash.finalize()),
            starts_at: self.options.started_at,
        })
    }
}

/// A thread that syncs `file` whenever it is asked, and ends with the recorder.
fn start_syncing(file: File) -> Result<SyncSender<()>, RecordingError> {
    let (ask, asked) = mpsc::sync_channel(SYNC_QUEUE);
    std::thread::Builder::new()
        .name("recording-sync".to_owned())
        .spawn(move || {
            while asked.recv().is_ok() {
                if let Err(error) = file.sync_data() {
                    tracing::warn!(%error, "a recording could not be synced to the disk");
                }
            }
        })
        .map_err(RecordingError::Thread)?;
    Ok(ask)
}

/// RFC 7845 §5.1, mapping family 1 with two streams and no stereo pair.
fn opus_head(pre_skip: u16) -> Vec<u8> {
    let mut head = b"OpusHead".to_vec();
    head.push(1);
    head.push(2);
    head.extend(pre_skip.to_le_bytes());
    head.extend(SAMPLE_RATE.to_le_bytes());
    head.extend(0_i16.to_le_bytes());
    head.push(1);
    head.extend([2, 0]);
    head.extend(MAPPING);
    head
}

/// RFC 7845 §5.2.
fn opus_tags(options: &RecorderOptions) -> Vec<u8> {
    let comments = [
        format!("CALL={}", options.call),
        format!("STARTED_AT={}", options.started_at.0),
        "LEFT=caller".to_owned(),
        "RIGHT=sent to the caller".to_owned(),
    ];
    let mut tags = b"OpusTags".to_vec();
    let mut text = |text: &str| {
        tags.extend((text.len() as u32).to_le_bytes());
        tags.extend(text.as_bytes());
    };
    text(concat!("siaga-recording ", env!("CARGO_PKG_VERSION")));
    let mut list = Vec::new();
    list.extend((comments.len() as u32).to_le_bytes());
    for comment in &comments {
        list.extend((comment.len() as u32).to_le_bytes());
        list.extend(comment.as_bytes());
    }
    tags.extend(list);
    tags
}
