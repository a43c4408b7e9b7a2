//! The connection to Asterisk: opened, and opened again, with a look at what is there each time.

use crate::ari::{AriClient, AriError, Events};
use crate::core::{Input, Snapshot};
use crate::{names, worker};
use siaga_model::LegId;
use std::time::Duration;
use tokio::sync::mpsc;

/// Pauses between tries to connect: short at first, as Asterisk starts within two seconds.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Events that we need none of.
const MUTED: [&str; 5] = [
    "ChannelDialplan",
    "ChannelCallerId",
    "ChannelConnectedLine",
    "ChannelEnteredBridge",
    "ChannelLeftBridge",
];

/// Runs until nobody wants to know any more.
pub(crate) async fn run(client: AriClient, inputs: mpsc::Sender<Input>) {
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    while !inputs.is_closed() {
        match connect(&client).await {
            Ok((mut events, snapshot)) => {
                tracing::info!("connected to Asterisk");
                pause = FIRST_PAUSE;
                told = false;
                if inputs.send(Input::Connected(snapshot)).await.is_err() {
                    return;
                }
                loop {
                    match events.next().await {
                        Ok(event) => {
                            if inputs.send(Input::Event(event)).await.is_err() {
                                return;
                            }
                        }
                        Err(error) => {
                            tracing::error!(%error, "the connection to Asterisk is lost");
                            break;
                        }
                    }
                }
            }
            Err(error) => {
                if !told {
                    tracing::error!(%error, "Asterisk cannot be reached; trying again");
                }
                told = true;
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Events first, then what there is: what happens in between is told twice rather than never.
async fn connect(client: &AriClient) -> Result<(Events, Snapshot), AriError> {
    let events = Events::open(client).await?;
    client.mute_events(&MUTED).await?;
    client.subscribe(&["endpoint:PJSIP"]).await?;
    let info = client.info().await?;
    let channels = client.channels().await?;
    let bridges = client.bridges().await?;
    let endpoints = client.endpoints().await?;
    let mut snapshot = Snapshot {
        startup_time: info.status.startup_time,
        channels,
        bridges,
        endpoints,
        ..Snapshot::default()
    };
    for channel in &snapshot.channels {
        let is_caller = names::leg_of_channel(&channel.id).is_some_and(LegId::is_caller);
        if is_caller {
            let found = client.variable(&channel.id, names::PLAYING_VARIABLE).await?;
            if let Some(program) = found.as_deref().and_then(worker::playing_of) {
                snapshot.playing.insert(channel.id.clone(), program);
            }
        }
    }
    Ok((events, snapshot))
}
