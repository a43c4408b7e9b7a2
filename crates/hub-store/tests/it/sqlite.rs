//! SQLite keeps the contract, in a file and in memory.

use crate::contract;
use siaga_hub_store::{SqliteStore, Store, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

macro_rules! keeps_the_contract {
    ($($sentence:ident),* $(,)?) => {
        mod in_a_file {
            $(
                #[tokio::test]
                async fn $sentence() {
                    let dir = tempfile::tempdir().unwrap();
                    let file = dir.path().join("siaga.db");
                    let store = super::SqliteStore::open(&file).await.unwrap();
                    super::contract::$sentence(store).await;
                }
            )*
        }
        mod in_memory {
            $(
                #[tokio::test]
                async fn $sentence() {
                    let store = super::SqliteStore::in_memory().await.unwrap();
                    super::contract::$sentence(store).await;
                }
            )*
        }
    };
}

keeps_the_contract!(
    an_operator_is_replaced_by_one_of_the_same_name,
    a_session_ends_once,
    a_session_knows_what_was_taken_of_its_desk,
    a_number_has_one_open_entry_and_withheld_ones_have_one_a_call,
    a_call_back_goes_on_with_the_case_of_the_call_before_it,
    what_came_late_is_kept_and_changes_no_form,
    calls_that_were_cut_off_and_the_last_that_ended_are_found_again,
    no_number_is_leased_twice,
    a_batch_is_stored_whole_or_not_at_all,
    the_last_draft_wins_and_an_older_one_changes_nothing,
    a_case_keeps_its_form_when_its_status_changes,
    cases_come_newest_first,
    what_a_call_produced_is_read_back_as_it_was,
    events_keep_their_order_and_their_chain,
    what_was_typed_is_found_by_word_number_name_and_place,
    a_word_that_was_taken_out_is_not_found_any_more,
    a_search_is_read_in_pages,
    a_list_of_cases_is_counted_and_read_in_pages,
    what_a_unit_does_about_a_case_is_kept_in_order,
    the_newest_notes_of_the_watches_are_found_in_their_order,
    a_number_is_remembered_however_it_is_written,
    reports_near_by_are_told_and_others_are_not,
    reports_of_the_day_are_told_to_whoever_takes_a_call,
    transfers_are_read_from_the_log,
    a_recording_is_found_by_its_hash,
    the_log_of_one_call_is_read_in_its_order,
    a_call_that_is_on_the_line_again_has_not_ended,
);

#[tokio::test]
async fn what_was_stored_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("siaga.db");
    let store = SqliteStore::open(&file).await.unwrap();
    store.apply(&[contract::event(1), contract::event(2)]).await.unwrap();
    store.close().await;
    let again = SqliteStore::open(&file).await.unwrap();
    again.apply(&[contract::event(3)]).await.unwrap();
    assert_eq!(again.verify_chain().await.unwrap(), 3);
}

#[tokio::test]
async fn a_changed_event_is_found_and_an_ordinary_change_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("siaga.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let events: Vec<_> = (1..=5).map(contract::event).collect();
    store.apply(&events).await.unwrap();

    let mut db = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
    let change = "UPDATE events SET body = '{}' WHERE seq = 3";
    let refused = sqlx::query(change).execute(&mut db).await;
    assert!(refused.is_err(), "the log must be append-only");
    assert_eq!(store.verify_chain().await.unwrap(), 5);

    // Somebody with the file in hand can take the guard away, but not mend the chain unseen.
    sqlx::query("DROP TRIGGER events_are_never_changed").execute(&mut db).await.unwrap();
    sqlx::query(change).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    let found = store.verify_chain().await;
    assert!(matches!(found, Err(StoreError::Tampered { seq: 3 })), "{found:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_an_error_and_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("siaga.db");
    std::fs::write(&file, "bukan basis data, ".repeat(100)).unwrap();
    let opened = SqliteStore::open(&file).await;
    assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("bukan"));
}
