// What happened to a report, line by line: how it reads, and what of it is worth a line.

import type { CallId, CaseFile, Timestamp, TimelineItem } from "./bindings";
import type { Desk } from "./desk.svelte";
import { t, type MessageKey } from "./messages";
import { dispositionText, outcomeText, outsideName } from "./sentences";

export type Tone = "live" | "call" | "danger" | "act" | "off";

export interface Entry {
  key: string;
  at: Timestamp;
  call: CallId;
  text: string;
  /** The operator's or a plugin's own words. */
  words: string;
  tone: Tone;
  /** Whether it stands on the recording: the steps of the call itself. */
  mark: boolean;
}

/** The lines of a report. What was typed in one go is one line, and so are equal verdicts. */
export function entriesOf(desk: Desk, file: CaseFile): Entry[] {
  const entries: Entry[] = [];
  let edits = 0;
  let verdict = "";
  file.timeline.forEach((item, index) => {
    const before = file.timeline[index - 1];
    if (item.happening === "edited") {
      const goesOn = before?.happening === "edited" && before.seat === item.seat;
      edits = goesOn ? edits + 1 : 1;
      if (goesOn) entries.pop();
    }
    if (item.happening === "judged") {
      const now = `${item.call} ${item.validity} ${item.priority}`;
      if (now === verdict) return;
      verdict = now;
    }
    const [text, tone, words = ""] = told(desk, item, edits);
    const mark = MARKED.has(item.happening);
    entries.push({ key: `${index}`, at: item.at, call: item.call, text, words, tone, mark });
  });
  return entries;
}

/** What can be heard on the recording, or explains what is heard there. */
const MARKED: ReadonlySet<TimelineItem["happening"]> = new Set([
  "answered",
  "held",
  "resumed",
  "transfer-started",
  "transfer-ringing",
  "transfer-answered",
  "transfer-done",
  "reclaimed",
  "requeued",
  "outside-called",
  "outside-answered",
  "outside-gone",
  "left-with-outside",
  "caller-left",
  "silence-check-started",
  "silence-checked",
  "disposing",
  "disposal-undone",
  "leg-replaced",
  "ended",
]);

function told(desk: Desk, item: TimelineItem, edits: number): [string, Tone, string?] {
  const seat = (id: string): string => desk.units.seatPlace(id);
  switch (item.happening) {
    case "arrived":
    case "wait-announced":
    case "held":
    case "resumed":
    case "disposal-undone":
    case "caller-left":
      return [t(`happened.${item.happening}`), "off"];
    case "outside-answered":
      return [t("happened.outside-answered"), "live"];
    case "outside-called":
      return [
        t("happened.outside-called", { seat: seat(item.seat), who: outsideName(item.party) }),
        "act",
      ];
    case "outside-gone":
      return [
        t(item.answered ? "happened.outside-left" : "happened.outside-failed", {
          cause: t(`leg.${item.cause}` satisfies MessageKey),
        }),
        item.answered ? "off" : "call",
      ];
    case "call-back-failed":
      return [t("happened.call-back-failed", { cause: t(`callback.failed.${item.why}`) }), "off"];
    case "recording-trouble":
      return [t("happened.recording-trouble"), "danger"];
    case "recorded":
      return [t("happened.recorded"), "off"];
    case "ringing":
    case "opened":
    case "transfer-ringing":
    case "silence-check-started":
    case "leg-replaced":
    case "call-back-started":
    case "left-with-outside":
    case "heard":
      return [t(`happened.${item.happening}`, { seat: seat(item.seat) }), "act"];
    case "answered":
    case "transfer-answered":
      return [t(`happened.${item.happening}`, { seat: seat(item.seat) }), "live"];
    case "missed":
      return [
        t("happened.missed", {
          seat: seat(item.seat),
          cause: t(`leg.${item.cause}` satisfies MessageKey),
        }),
        "call",
      ];
    case "escalated":
      return [t("happened.escalated", { level: item.level }), "call"];
    case "unit-picked":
      return [
        item.unit === null
          ? t("happened.unit-dropped")
          : t("happened.unit-picked", { unit: desk.units.name(item.unit) }),
        "off",
      ];
    case "transfer-started":
      return [
        desk.units.unitOf(item.from) === item.unit
          ? t("happened.colleague-asked", { seat: seat(item.from) })
          : t("happened.transfer-started", {
              seat: seat(item.from),
              unit: desk.units.name(item.unit),
            }),
        "act",
      ];
    case "transfer-done":
      return [
        t(item.heard ? "happened.transfer-done" : "happened.transfer-done.unheard", {
          seat: seat(item.seat),
        }),
        "live",
      ];
    case "reclaimed":
      return [
        t("happened.reclaimed", {
          seat: seat(item.seat),
          cause: t(`reclaim.${item.cause}` satisfies MessageKey, {
            unit: desk.units.shortName(item.unit),
          }),
        }),
        "call",
      ];
    case "requeued":
      return [
        t("happened.requeued", {
          seat: seat(item.lost),
          cause: t(`leg.${item.cause}` satisfies MessageKey),
        }),
        "danger",
      ];
    case "silence-checked":
      return item.signal === null
        ? [t("happened.silent"), "off"]
        : [t(`happened.signal.${item.signal}` satisfies MessageKey), "danger"];
    case "priority-raised":
      return [t("happened.priority-raised", { priority: item.priority }), "danger"];
    case "disposing":
      return [
        t("happened.disposing", {
          seat: seat(item.seat),
          how: dispositionText(item.disposition),
        }),
        "off",
      ];
    case "ended":
      return [t(`happened.ended.${item.by}` satisfies MessageKey), "off"];
    case "disposed":
      return [outcomeText(desk, item.disposition), "off"];
    case "closed":
      return [outcomeText(desk, item.disposition), "off", item.note];
    case "edited":
      return [t("happened.edited", { seat: seat(item.seat), n: edits }), "off"];
    case "judged":
      return [
        t("happened.judged", {
          validity: t(`validity.${item.validity}` satisfies MessageKey),
          priority: item.priority,
        }),
        "act",
        item.reason,
      ];
    case "overridden":
      return [
        t("happened.overridden", {
          seat: seat(item.seat),
          validity: t(`validity.${item.validity}` satisfies MessageKey),
        }),
        "call",
        item.reason,
      ];
    case "followed-up":
      return [
        t("happened.followed-up", {
          step: t(`step.${item.kind}` satisfies MessageKey),
          who: item.operator || seat(item.seat),
        }),
        item.kind === "closed" ? "off" : "live",
        item.text,
      ];
    case "leg-ended":
      return [
        t("happened.leg-ended", {
          who: item.seat === null ? t("happened.caller") : seat(item.seat),
          cause: t(`leg.${item.cause}` satisfies MessageKey),
        }),
        "off",
      ];
  }
}
