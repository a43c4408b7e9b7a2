// What can be done on the screen that is shown, and with which key. Buttons, key strip, key list and
// the keyboard all read this one list.

import { addCallBacks, addOfDesk, addOfLesson, addOfReport, addOutside } from "./actions-around";
import type { IconName } from "./icons";
import type { Desk } from "./desk.svelte";
import type { Combo } from "./keys";
import { t } from "./messages";
import { isInCall, type Screen } from "./screen";
import type { UnitId } from "./bindings";

export type ActionId =
  | "answer"
  | "try-again"
  | "decline"
  | "ready"
  | "logout"
  | "mute"
  | "hold"
  | "disposal"
  | "transfer"
  | "take-back"
  | "release"
  | "retry"
  | "close"
  | "choose-1"
  | "choose-2"
  | "choose-3"
  | "choose-4"
  | "other-units"
  | "outside"
  | "leave"
  | "ask-now"
  | "form"
  | "next-pane"
  | "all-keys"
  | "search"
  | "all-earlier"
  | "settings"
  | "notes"
  | "copy-fault"
  | "undo"
  | "close-now"
  | "mean-it"
  | "give-up"
  | "call-back-1"
  | "call-back-2"
  | "call-back-3"
  | "call-back-4"
  | "play"
  | "follow-up"
  | "save-follow-up"
  | "phone-location"
  | "next-microphone"
  | "ask-colleague"
  | "test-sound"
  | "faults"
  | "board"
  | "lessons"
  | "begin-lesson"
  | "break-off"
  | "ask"
  | "again"
  | "export-score"
  | "leave-score";

/** Adds an action to those of the screen. */
export type Add = (
  id: ActionId,
  keys: Combo[],
  icon: IconName,
  label: string,
  run: () => void,
  enabled?: boolean,
) => void;

export interface Action {
  id: ActionId;
  /** The first is the one on the button. */
  keys: Combo[];
  label: string;
  icon: IconName;
  enabled: boolean;
  run(): void;
}

/** The buttons of the call bar, left to right. */
export function barActions(desk: Desk): Action[] {
  const ids: Record<Screen, ActionId[]> = {
    starting: [],
    login: [],
    idle: [desk.trouble === null ? "answer" : "try-again", "ready"],
    announced: [desk.trouble === null ? "answer" : "try-again", "ready"],
    ringing: [],
    offered: ["decline"],
    "calling-back": ["give-up"],
    call: callBar(desk),
    transfer: ["take-back", "next-microphone", "mute", desk.answered ? "release" : "transfer"],
    reclaimed:
      desk.trouble === null
        ? ["mute", "hold", "retry", "transfer"]
        : ["next-microphone", "mute", "ask-colleague", "transfer"],
    gone: ["disposal", "close"],
  };
  return (finalBar(desk) ?? ids[desk.screen]).flatMap((id) => desk.action(id) ?? []);
}

/** While something final is asked or can be undone, only that is decided. */
function finalBar(desk: Desk): ActionId[] | null {
  if (desk.asking !== null) return ["undo", "mean-it"];
  return desk.disposing === null ? null : ["undo", "close-now"];
}

/** Without a voice holding is no use, and the sentence that says so needs the room. */
function callBar(desk: Desk): ActionId[] {
  if (desk.local) return ["next-microphone", "mute", "disposal", "close"];
  if (desk.trouble !== null && !desk.takingOver) {
    return ["next-microphone", "mute", "ask-colleague", "transfer", "close"];
  }
  if (!desk.sendsOn || desk.takingOver) return ["mute", "hold", "close"];
  return ["mute", "hold", "disposal", "transfer", "close"];
}

/** What the key strip shows, most needed first: what its one row has no room for is left out. */
export function stripActions(desk: Desk): Action[] {
  const ids: Record<Screen, ActionId[]> = {
    starting: [],
    login: [],
    idle:
      desk.trouble === "sip"
        ? ["copy-fault", "next-pane"]
        : desk.readsReport
          ? ["undo", "play", "save-follow-up", "follow-up", "search", "next-pane"]
          : [
              "begin-lesson",
              "again",
              "export-score",
              "break-off",
              "answer",
              "lessons",
              "board",
              "ready",
              "test-sound",
              "call-back-1",
              "search",
              "next-pane",
              "settings",
              "notes",
            ],
    announced: ["answer", "ready", "next-pane"],
    ringing: ["answer", "next-pane"],
    offered: ["answer", "decline", "next-pane"],
    "calling-back": ["give-up", "next-pane"],
    call: desk.sendsOn
      ? [
          "next-microphone",
          "ask-colleague",
          "ask",
          "transfer",
          ...(desk.outsideLive ? (["leave"] as const) : (["choose-1", "other-units"] as const)),
          "ask-now",
          "disposal",
          "close",
          "outside",
          "next-pane",
        ]
      : ["next-microphone", "ask-colleague", "close", "mute", "next-pane"],
    transfer: ["take-back", "next-microphone", "mute", "transfer", "release", "next-pane"],
    reclaimed: [
      "next-microphone",
      "ask-colleague",
      "close",
      "transfer",
      "retry",
      "outside",
      "leave",
      "form",
      "next-pane",
    ],
    gone: ["close", "disposal", "next-pane"],
  };
  const final = finalBar(desk);
  const shown = final === null ? ids[desk.screen] : [...final, "disposal" as const];
  return shown.flatMap((id) => desk.action(id) ?? []).filter((action) => action.enabled);
}

export function actionsOf(desk: Desk): Action[] {
  const screen = desk.screen;
  const call = isInCall(screen);
  const final = desk.asking !== null || desk.disposing !== null;
  const actions: Action[] = [];
  const add: Add = (id, keys, icon, label, run, enabled = true) =>
    void actions.push({ id, keys, icon, label, run, enabled });
  const short = (unit: UnitId | null): string => (unit === null ? "" : desk.units.shortName(unit));

  if (screen === "starting" || screen === "login") return actions;

  const rings = screen === "ringing" || screen === "offered";
  if (desk.trouble === "sip") {
    add("try-again", ["F9"], "back", t("action.try-again"), () =>
      desk.send({ intent: "try-again" }),
    );
  } else if (!call && screen !== "gone") {
    const label = screen === "offered" ? t("action.accept") : t("action.answer");
    const keys = desk.state?.settings?.answer_key === "pause" ? ["Pause", "F9"] : ["F9"];
    add("answer", keys, "phone", label, () => desk.answer(), rings);
  }
  if (screen === "offered") {
    const run = (): void => desk.send({ intent: "decline" });
    add("decline", ["Shift+F9"], "no", t("action.decline"), run);
  }
  if (desk.readsReport) addOfReport(desk, add);
  else if (screen === "idle" && !desk.showsBoard && desk.lessonPage === null) {
    addCallBacks(desk, add);
  }
  addOfLesson(desk, add);
  if (screen === "idle" && desk.board.view !== null) {
    add("board", ["Alt+B"], "eye", t(desk.showsBoard ? "action.reports" : "action.board"), () => {
      desk.board.away = desk.showsBoard;
      if (desk.reports.opened !== null) desk.reports.open(null);
    });
  }
  if (screen === "calling-back") {
    add("give-up", ["Esc"], "end", t("action.give-up"), () => desk.undo());
  }
  if (screen === "idle" || screen === "announced") {
    const pausing = desk.seatState === "ready";
    const label = t(pausing ? "action.pause" : "action.ready");
    add("ready", ["Shift+F9"], pausing ? "clock" : "ok", label, () =>
      desk.send({ intent: pausing ? "pause" : "ready" }),
    );
    add("logout", [], "end", t("action.logout"), () => desk.send({ intent: "logout" }));
  }

  if (desk.trouble === "audio" && desk.otherMicrophone !== null) {
    add("next-microphone", ["F8"], "mic", t("action.next-microphone"), () => desk.nextMicrophone());
  } else if (call && screen !== "calling-back") {
    const muted = desk.muted;
    add("mute", ["F8"], muted ? "micx" : "mic", t(muted ? "action.unmute" : "action.mute"), () =>
      desk.send({ intent: "mute", muted: !muted }),
    );
  }
  const talks = (screen === "call" || screen === "reclaimed") && !desk.takingOver;
  if (desk.trouble === "audio" && talks && !final && !desk.local && desk.hubDown === null) {
    const run = (): void => desk.send({ intent: "ask-colleague" });
    const may = desk.colleagues.ready > 0;
    add("ask-colleague", ["Shift+F8"], "join", t("action.ask-colleague"), run, may);
  }
  if (desk.asking !== null) {
    add("mean-it", ["Ctrl+Enter"], "end", t("action.mean-it"), () => desk.meanIt());
  } else if (desk.disposing !== null) {
    const run = (): void => desk.closeNow();
    add("close-now", ["Ctrl+Enter"], "end", t("action.close-now"), run, desk.canCloseNow);
  }
  if ((screen === "call" || screen === "reclaimed") && !final && !desk.local) {
    const label = t(desk.held ? "action.resume" : "action.hold");
    const run = (): void => desk.send({ intent: desk.held ? "resume" : "hold" });
    add("hold", ["Pause", "Ctrl+F8"], "hold", label, run, !desk.takingOver && !desk.outsideLive);
    if (!desk.takingOver) addOutside(desk, add);
  }
  const ends = screen === "call" || screen === "reclaimed" || screen === "gone";
  if (ends && desk.sendsOn && desk.asking === null && !desk.takingOver) {
    const label = t(desk.disposing === null ? "action.disposal" : "action.change-kind");
    add("disposal", ["F4"], "no", label, () => desk.changeDisposal());
  }
  if (desk.sendsOn && !final && !desk.local && !desk.takingOver) addRouting(desk, add, short);
  if (screen === "transfer") {
    add("take-back", ["Esc"], "back", t("action.take-back"), () => desk.undo());
    if (desk.answered) {
      add("release", ["Ctrl+Enter"], "go", t("action.release"), () => desk.release());
    }
  }
  if (ends && !final) {
    const label = t(screen === "gone" ? "action.close.gone" : "action.close");
    const may = !desk.takingOver && desk.closingSince === null;
    add("close", ["Ctrl+Enter"], "end", label, () => desk.close(), may);
  }
  if (desk.editor.writable && desk.findings.some((f) => f.level === "ask-now")) {
    add("ask-now", ["Alt+Q"], "ask", t("action.ask-now"), () => (desk.askNowRequests += 1));
  }
  if (screen === "reclaimed") {
    const label = t(desk.formInReclaim ? "action.read" : "action.form");
    add("form", ["Alt+F"], "take", label, () => {
      desk.formInReclaim = !desk.formInReclaim;
      if (desk.formInReclaim) desk.formRequests += 1;
    });
  }
  if (call && desk.silence.check === "not-run" && (desk.about?.earlier.length ?? 0) > 0) {
    add("all-earlier", ["Alt+R"], "clock", t("action.all-earlier"), () => {
      desk.allEarlier = !desk.allEarlier;
    });
  }
  const point = desk.view?.facts.cell_location?.point;
  if (desk.editor.writable && call && point !== undefined) {
    const run = (): void => desk.phonePlace.take(point);
    add("phone-location", ["Alt+L"], "eye", t("action.phone-location"), run);
  }
  if (desk.faults.length > 0) {
    add("faults", ["Alt+K"], "warn", t("action.faults"), () => {
      desk.overlay = desk.overlay === "faults" ? "none" : "faults";
    });
  }
  if (screen === "idle") addOfDesk(desk, add);
  add("next-pane", ["F6"], "go", t("action.next-pane"), nextPane);
  add("all-keys", ["F1"], "eye", t("action.all-keys"), () => {
    desk.overlay = desk.overlay === "keys" ? "none" : "keys";
  });
  const own = screen === "transfer" || screen === "calling-back";
  if (!own || desk.overlay !== "none") {
    const label = desk.asking === null ? "action.undo-disposal" : "action.go-back";
    actions.unshift({
      id: "undo",
      keys: ["Esc"],
      icon: "back",
      label: t(final && desk.overlay === "none" ? label : "action.back"),
      enabled: true,
      run: () => desk.undo(),
    });
  }
  return actions;
}

function addRouting(desk: Desk, add: Add, short: (unit: UnitId | null) => string): void {
  const { screen, target, nextTarget } = desk;
  if (screen === "call") {
    const label = target === null ? t("action.transfer") : to("action.transfer.to", short(target));
    add("transfer", ["F2"], "go", label, () => desk.transfer(target), target !== null);
    desk.destinations.forEach((destination, index) => {
      const id = `choose-${index + 1}` as ActionId;
      const run = (): void => desk.choose(destination.unit);
      add(id, [`Alt+${index + 1}`], "go", t("action.choose"), run);
    });
    add("other-units", ["Shift+F2"], "join", t("action.other-units"), () => {
      desk.overlay = desk.overlay === "units" ? "none" : "units";
    });
  }
  const toUnit = desk.colleagues.handing === null;
  if (screen === "transfer" && nextTarget !== null && !desk.answered && toUnit) {
    const label = to("action.transfer.next", short(nextTarget));
    add("transfer", ["F2"], "go", label, () => desk.transfer(nextTarget));
  }
  if (screen === "reclaimed") {
    const tried = desk.reclaimed?.unit ?? null;
    if (tried !== null) {
      const label = to("action.transfer.retry", short(tried));
      add("retry", ["Alt+1"], "back", label, () => desk.transfer(tried));
    }
    if (nextTarget !== null) {
      const label = to("action.transfer.try", short(nextTarget));
      add("transfer", ["F2"], "go", label, () => desk.transfer(nextTarget));
    }
  }
}

const to = (
  key:
    "action.transfer.to" | "action.transfer.next" | "action.transfer.retry" | "action.transfer.try",
  unit: string,
): string => t(key, { unit });

/** F6: the caret goes to the first field or row of the next pane. */
function nextPane(): void {
  const panes = [...document.querySelectorAll<HTMLElement>("[data-pane]")];
  const here = panes.findIndex((pane) => pane.contains(document.activeElement));
  for (let step = 1; step <= panes.length; step += 1) {
    const pane = panes[(here + step + panes.length) % panes.length];
    const field = pane?.querySelector<HTMLElement>(
      "input, textarea, select, button:not([tabindex='-1']), [tabindex='0']",
    );
    if (field) {
      field.focus();
      return;
    }
  }
}
