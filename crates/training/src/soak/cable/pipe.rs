//! A TCP relay that can be cut or held, and changes a few bytes on the way.

use super::frames::SipEdit;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What is read at once.
const READ: usize = 16 * 1024;
/// What may be the beginning of a text that is replaced waits so long for its end.
const NO_MORE: std::time::Duration = std::time::Duration::from_millis(20);

/// What a relay lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Everything.
    Open,
    /// Nothing, and nobody is told.
    Held,
    /// Connections are closed, and new ones at once.
    Cut,
}

/// What is changed in one direction.
pub(super) enum Edit {
    /// Nothing.
    None,
    /// One text by another of the same length.
    Replace(Replace),
    /// Addresses of voice in SIP over WebSocket.
    Sip(SipEdit),
}

impl Edit {
    fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::None => bytes.to_vec(),
            Self::Replace(replace) => replace.pass(bytes),
            Self::Sip(edit) => edit.pass(bytes),
        }
    }

    /// What was held back in case more of it comes.
    fn rest(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Replace(replace) if !replace.held_back.is_empty() => {
                Some(std::mem::take(&mut replace.held_back))
            }
            Self::None | Self::Replace(_) | Self::Sip(_) => None,
        }
    }

    fn holds_back(&self) -> bool {
        matches!(self, Self::Replace(replace) if !replace.held_back.is_empty())
    }
}

/// Replaces a text, also where it comes in two pieces.
#[derive(Clone)]
pub(super) struct Replace {
    what: Vec<u8>,
    by: Vec<u8>,
    held_back: Vec<u8>,
}

impl Replace {
    /// Both must be of one length, or nothing is replaced.
    pub(super) fn new(what: String, by: String) -> Self {
        let by = if what.len() == by.len() { by } else { what.clone() };
        Self { what: what.into(), by: by.into(), held_back: Vec::new() }
    }

    fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = std::mem::take(&mut self.held_back);
        out.extend_from_slice(bytes);
        let length = self.what.len();
        let mut at = 0;
        while at + length <= out.len() {
            if out[at..at + length] == self.what[..] {
                out[at..at + length].copy_from_slice(&self.by);
                at += length;
            } else {
                at += 1;
            }
        }
        // What may be the beginning of the text waits for its end.
        let begun = (1..length.min(out.len() + 1))
            .rev()
            .find(|n| out[out.len() - n..] == self.what[..*n])
            .unwrap_or(0);
        self.held_back = out.split_off(out.len() - begun);
        out
    }
}

/// Relays every connection to `target` until the task is aborted.
pub(super) async fn serve(
    listener: TcpListener,
    target: SocketAddr,
    mut gate: watch::Receiver<Gate>,
    edits: impl Fn() -> (Edit, Edit) + Send,
) {
    let mut pipes = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((desk, _)) = accepted else { continue };
                if *gate.borrow_and_update() == Gate::Cut {
                    continue;
                }
                let (there, back) = edits();
                pipes.spawn(pipe(desk, target, gate.clone(), there, back));
            }
            Some(_) = pipes.join_next() => {}
        }
    }
}

async fn pipe(
    desk: TcpStream,
    target: SocketAddr,
    gate: watch::Receiver<Gate>,
    there: Edit,
    back: Edit,
) {
    let Ok(house) = TcpStream::connect(target).await else { return };
    let _ = desk.set_nodelay(true);
    let _ = house.set_nodelay(true);
    let (desk_read, desk_write) = desk.into_split();
    let (house_read, house_write) = house.into_split();
    // As soon as one direction ends both sockets are closed.
    tokio::select! {
        () = carry(desk_read, house_write, gate.clone(), there) => {}
        () = carry(house_read, desk_write, gate, back) => {}
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut gate: watch::Receiver<Gate>,
    mut edit: Edit,
) {
    let mut buffer = vec![0; READ];
    loop {
        let now = *gate.borrow_and_update();
        let read = match now {
            Gate::Cut => return,
            Gate::Held => {
                if gate.changed().await.is_err() {
                    return;
                }
                continue;
            }
            Gate::Open => tokio::select! {
                changed = gate.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
                () = tokio::time::sleep(NO_MORE), if edit.holds_back() => {
                    if let Some(rest) = edit.rest()
                        && to.write_all(&rest).await.is_err()
                    {
                        return;
                    }
                    continue;
                }
                read = from.read(&mut buffer) => read,
            },
        };
        match read {
            Ok(0) | Err(_) => return,
            Ok(length) => {
                let bytes = edit.pass(&buffer[..length]);
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_replaced_wherever_it_is_cut() {
        let whole = b"..127.0.0.1:40000/ and 127.0.0.1:4000 and 127.0.0.1:40000";
        let wanted = b"..127.0.0.1:50001/ and 127.0.0.1:4000 and 127.0.0.1:50001";
        for cut in 0..whole.len() {
            let mut replace = Replace::new("127.0.0.1:40000".into(), "127.0.0.1:50001".into());
            let mut out = replace.pass(&whole[..cut]);
            out.extend(replace.pass(&whole[cut..]));
            out.append(&mut replace.held_back);
            assert_eq!(out, wanted, "cut at {cut}");
        }
    }
}
