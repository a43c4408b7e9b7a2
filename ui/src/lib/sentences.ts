// Sentences that need more than one fact of the state.

import type {
  Alert,
  DeskError,
  Disposition,
  OutsideParty,
  OutsideView,
  ReclaimView,
} from "./bindings";
import type { Desk } from "./desk.svelte";
import { clockTime, phoneNumber, secondsLeft } from "./format";
import { t, type MessageKey } from "./messages";

/** Why the caller is back, in one clause, and that the form is already there. */
export function causeText(desk: Desk, reclaim: ReclaimView): string {
  const cause = t(`cause.${reclaim.cause}` satisfies MessageKey, {
    unit: desk.units.shortName(reclaim.unit),
    seconds: desk.session?.transfer_ring_s ?? 0,
  });
  return `${cause} ${t("cause.form-there")}`;
}

/** What is done about a caller who hears this operator no longer. */
export function voicelessText(desk: Desk): string {
  const { handing, refused } = desk.colleagues;
  if (handing !== null) {
    const seat = desk.units.seatLabel(handing.to);
    return t(desk.answered ? "colleague.answered" : "colleague.rings", { seat });
  }
  if (refused !== null) {
    return t(`colleague.${refused.cause}` satisfies MessageKey, {
      seconds: desk.session?.transfer_ring_s ?? 0,
    });
  }
  const ask = desk.action("ask-colleague");
  return t(ask?.enabled ? "colleague.ask" : "bar.trouble.audio.hint");
}

/** Somebody outside, by name, else by number. */
export function outsideName(party: OutsideParty): string {
  return party.service ?? phoneNumber(party.number);
}

/** How far somebody outside has come. */
export function outsideText({ party, stage }: OutsideView, now: number): string {
  const who = outsideName(party);
  switch (stage.stage) {
    case "called":
      return t("outside.called", { who, seconds: secondsLeft(stage.until, now) });
    case "up":
      return t("outside.up", { who });
    case "gone":
      if (stage.answered) return t("outside.left", { who });
      return t(`outside.${stage.cause}` satisfies MessageKey, { who });
  }
}

/** What to do about an error. */
export function errorText(error: DeskError): string {
  switch (error.error) {
    case "hub":
      return t(`error.${error.code}` satisfies MessageKey);
    case "unreachable":
    case "bad-address":
    case "not-now":
    case "phone":
      return t(`error.${error.error}` satisfies MessageKey);
  }
}

/** What IT needs to know about it; empty when there is nothing. */
export function errorDetail(error: DeskError): string {
  switch (error.error) {
    case "hub":
      return `${error.code} ${error.detail}`.trim();
    case "unreachable":
    case "phone":
      return error.detail;
    case "bad-address":
    case "not-now":
      return "";
  }
}

/** What to do first about a trouble of the whole room, then what happened and what is safe. */
export function alertText(alert: Alert): string {
  const time = clockTime(alert.since);
  switch (alert.alert) {
    case "not-recording":
      return alert.calls === 0
        ? t("alert.not-recording.none", { time })
        : t("alert.not-recording", { time, n: alert.calls });
    case "not-storing":
      return t("alert.not-storing", { time });
  }
}

/** How a report ended, for its history. */
export function outcomeText(desk: Desk, disposition: Disposition | null): string {
  if (disposition === null) return t("status.closed");
  switch (disposition.kind) {
    case "handled-by-unit":
      return t("closing.by-unit", { unit: desk.units.name(disposition.unit) });
    case "forwarded-to-unit":
      return t("closing.forwarded", { unit: desk.units.name(disposition.unit) });
    case "abandoned":
      return t("closing.abandoned");
    case "not-report":
    case "information":
    case "handled-here":
    case "not-reached":
      return dispositionText(disposition);
  }
}

/** The trouble of this desk in one line, for IT. */
export function faultText(desk: Desk): string {
  const state = desk.state;
  return t("alarm.copied", {
    seat: desk.session?.seat.id ?? "",
    time: clockTime(desk.sipDown ?? desk.now),
    hub: state?.hub.link ?? "",
    audio: state?.audio.audio === "trouble" ? state.audio.code : (state?.audio.audio ?? ""),
  });
}

/** Every trouble that lasts, each in one line as IT wants it: names and codes, nothing of a caller. */
export function faultLines(desk: Desk): string[] {
  const state = desk.state;
  if (state === null) return [];
  const lines = (desk.advice?.faults ?? []).map((fault) => {
    const what = fault.kind === "limit" ? fault.limit : fault.reason;
    return t("fault.plugin", { plugin: fault.plugin, kind: fault.kind, what });
  });
  if (state.advisor === "trouble" && lines.length === 0) lines.push(t("fault.advisor"));
  if (state.audio.audio === "trouble") lines.push(t("fault.audio", { code: state.audio.code }));
  if (state.hub.link === "down") lines.push(t("fault.hub", { time: clockTime(state.hub.since) }));
  if (state.sip.link === "down") lines.push(t("fault.sip", { time: clockTime(state.sip.since) }));
  if (state.not_kept) lines.push(t("fault.disk", { what: state.not_kept }));
  const notice = state.notice === null ? "" : errorDetail(state.notice.error);
  return notice === "" ? lines : [...lines, notice];
}

/** A disposition in one or two words, for the bar. */
export function dispositionText(disposition: Disposition): string {
  switch (disposition.kind) {
    case "not-report":
      return t(`disposal.${disposition.reason}` satisfies MessageKey);
    case "information":
    case "handled-here":
      return t(`closing.${disposition.kind}`);
    case "handled-by-unit":
    case "forwarded-to-unit":
    case "abandoned":
    case "not-reached":
      return t("action.close");
  }
}
