//! Questions to the hub, and to the gazetteer on this computer.

use super::{Engine, Report, tell};
use crate::core::{Found, Question};
use crate::shelf::{PlaceQuery, PlaceSort, PlaceView};
use crate::state::DeskError;
use siaga_hub_api::{ClientError, HubClient};
use siaga_plugin_host::{Gazetteer, Place, PlaceKind};

/// How many places are offered.
const PLACES: usize = 8;

impl Engine {
    pub(super) fn ask(&mut self, question: Question) {
        let report = self.report.clone();
        if let Question::Places(query) = &question {
            let (query, gazetteer) = (query.clone(), self.gazetteer.clone());
            tokio::task::spawn_blocking(move || {
                let gazetteer = gazetteer.ok_or(DeskError::NotNow);
                let result = gazetteer.map(|all| Found::Places(places(&*all, &query)));
                let _ = report.blocking_send(Report::Found { question, result });
            });
            return;
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            let result = match client {
                Some(client) => answer(&client, &question).await.map_err(hub_failed),
                None => Err(DeskError::NotNow),
            };
            tell(&report, Report::Found { question, result }).await;
        });
    }
}

async fn answer(client: &HubClient, question: &Question) -> Result<Found, ClientError> {
    Ok(match question {
        Question::Cases(query) => Found::Cases(client.case_list(query).await?),
        Question::Search(query) => Found::Search(client.search(query).await?),
        Question::File(number) => Found::File(Box::new(client.case_file(number).await?)),
        Question::Peaks(sha256) => Found::Peaks(client.peaks(sha256).await?),
        Question::About(call) => Found::About(client.about(*call).await?),
        Question::Odds(_) => Found::Odds(client.odds().await?),
        Question::Figures(from, to) => Found::Figures(Box::new(client.figures(*from, *to).await?)),
        // Answered without the hub.
        Question::Places(_) => Found::Places(Vec::new()),
    })
}

pub(super) fn hub_failed(error: ClientError) -> DeskError {
    match error {
        ClientError::Refused(error) => DeskError::Hub { code: error.code, detail: error.detail },
        error => DeskError::Unreachable { detail: error.to_string() },
    }
}

fn places(gazetteer: &dyn Gazetteer, query: &PlaceQuery) -> Vec<PlaceView> {
    let found = match query {
        PlaceQuery::Name { words } => gazetteer.by_name(words.expose()),
        PlaceQuery::Point { point } => gazetteer.by_point(*point),
    };
    found.into_iter().take(PLACES).map(shown).collect()
}

fn shown(place: Place) -> PlaceView {
    PlaceView {
        name: place.name,
        code: place.code,
        kind: match place.kind {
            PlaceKind::Province | PlaceKind::Region => PlaceSort::Region,
            PlaceKind::Kecamatan => PlaceSort::Kecamatan,
            PlaceKind::Kelurahan => PlaceSort::Kelurahan,
            PlaceKind::Quarter | PlaceKind::Landmark | PlaceKind::Street | PlaceKind::TollRoad => {
                PlaceSort::Landmark
            }
        },
        within: place.within,
        unit: place.unit,
        score: place.score,
    }
}
