// What can be done around a call: with the call-back list, a report that is read, an exercise, and the
// desk itself.

import type { ActionId, Add } from "./actions";
import { isCallable, KEYED } from "./call-backs";
import type { Desk } from "./desk.svelte";
import { t } from "./messages";
import { isInCall } from "./screen";
import { faultText, outsideName } from "./sentences";

/** The first of the list have keys; who must not be called keeps the place, and has none. */
export function addCallBacks(desk: Desk, add: Add): void {
  desk.callBacks.slice(0, KEYED).forEach((entry, place) => {
    const id = `call-back-${place + 1}` as ActionId;
    const label = t(place === 0 ? "action.call-back.first" : "action.call-back");
    const run = (): void => desk.callBack(entry, place);
    const enabled = isCallable(entry) && desk.sipDown === null && desk.hubDown === null;
    add(id, [`Alt+${place + 1}`], "phone", label, run, enabled);
  });
}

/** The report that is open: hear its call, tell what was done about it. */
export function addOfReport(desk: Desk, add: Add): void {
  const { player, followUp } = desk;
  if (player.recording !== null) {
    const label = t(player.plays ? "action.pause-recording" : "action.play");
    add("play", ["Alt+P"], player.plays ? "hold" : "play", label, () => player.toggle());
  }
  if (followUp.may) {
    const open = (): void => void (followUp.requests += 1);
    add("follow-up", ["Alt+F"], "go", t("case.follow-up"), open);
    const label = t("action.save-follow-up");
    add("save-follow-up", ["Ctrl+Enter"], "ok", label, () => followUp.send(), followUp.ready);
  }
}

/** Somebody outside: called, let go, or left with the caller. */
export function addOutside(desk: Desk, add: Add): void {
  const { outside } = desk;
  if (outside !== null && desk.outsideLive) {
    const called = outside.stage.stage === "called";
    const label = t(called ? "action.give-up" : "action.drop-outside");
    add("outside", ["Alt+H"], "cut", label, () => desk.send({ intent: "drop-outside" }));
    if (!called && desk.phase?.phase === "talking") {
      const who = outsideName(outside.party);
      add("leave", ["Alt+S"], "go", t("action.leave", { who }), () => desk.release());
    }
  } else if (desk.mayCallOutside && desk.phase?.phase === "talking") {
    add("outside", ["Alt+H"], "join", t("action.outside"), () => {
      desk.overlay = desk.overlay === "outside" ? "none" : "outside";
    });
  }
}

/** An exercise: a lesson is chosen, its caller is asked, its score is read. */
export function addOfLesson(desk: Desk, add: Add): void {
  const { lessons, lessonPage } = desk;
  const stage = lessons.stage?.stage;
  if (stage === undefined) return;
  if (stage === "playing" && isInCall(desk.screen) && lessons.question !== null) {
    add("ask", ["Alt+A"], "ask", t("action.ask"), () => lessons.ask());
  }
  if (stage === "waiting" || stage === "playing") {
    const run = (): void => lessons.wish({ wish: "break-off" });
    add("break-off", ["Alt+X"], "cut", t("action.break-off"), run);
  }
  if (stage === "choosing" && desk.screen === "idle" && desk.board.view === null) {
    const label = t(lessonPage === "choose" ? "action.reports" : "action.lessons");
    add("lessons", ["Alt+B"], "eye", label, () => (lessons.away = lessonPage === "choose"));
  }
  if (lessonPage === "choose") {
    const begin = (): void => lessons.begin(lessons.chosen?.id ?? null);
    const there = lessons.chosen !== null;
    add("begin-lesson", ["Ctrl+Enter"], "phone", t("action.begin-lesson"), begin, there);
  }
  if (lessonPage === "score" && lessons.stage?.stage === "scored") {
    const { lesson } = lessons.stage.score;
    add("leave-score", [], "back", t("action.leave-score"), () => lessons.wish({ wish: "leave" }));
    add("again", ["Ctrl+Enter"], "phone", t("action.again"), () => lessons.begin(lesson));
    const save = (): void => lessons.wish({ wish: "export" });
    add("export-score", ["Alt+S"], "take", t("action.export-score"), save);
  }
}

/** What an idle desk can do for itself. */
export function addOfDesk(desk: Desk, add: Add): void {
  if (desk.trouble === "sip") {
    const run = (): void => void navigator.clipboard.writeText(faultText(desk));
    add("copy-fault", ["Alt+S"], "take", t("action.copy-fault"), run);
  } else {
    add("search", ["F3"], "eye", t("action.search"), () => {
      desk.board.away = true;
      desk.lessons.away = true;
      desk.reports.search();
    });
  }
  if (desk.beginsShift || desk.lessonPage === "choose" || desk.overlay === "settings") {
    const tests = desk.state?.sound_test != null;
    add("test-sound", ["Alt+T"], "mic", t(tests ? "sound.stop" : "sound.test"), () =>
      desk.send({ intent: "test-sound", on: !tests }),
    );
  }
  add("notes", ["Alt+N"], "take", t("action.notes"), () => {
    desk.overlay = desk.overlay === "notes" ? "none" : "notes";
  });
  add("settings", ["Shift+F1"], "plug", t("action.settings"), () => {
    desk.overlay = desk.overlay === "settings" ? "none" : "settings";
  });
}
