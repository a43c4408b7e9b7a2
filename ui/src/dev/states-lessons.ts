// Prepared states of an exercise. Names, numbers and places are invented.

import type { DeskState, LessonInfo, LessonLevel, Said, TrainingStage } from "../lib/bindings";
import { ROWS, searched } from "./states-cases";
import { CALL_BACKS } from "./states-line";
import { deskCall, filledForm, idleState, polda, talking } from "./states";

const lesson = (
  id: string,
  title: string,
  about: string,
  level: LessonLevel,
  best: number | null = null,
): LessonInfo => ({ id, title, about, level, best });

const LESSONS: LessonInfo[] = [
  lesson("sah", "Laporan sah, Polres mengangkat", "Laka lantas Sudirman arah Blok M", "easy", 96),
  lesson("polres-sibuk", "Polres sibuk", "Polres menolak, panggilan kembali", "easy", 88),
  lesson("iseng", "Telepon iseng", "Penelepon tertawa, lalu minta pizza", "easy", 74),
  lesson("hening", "Saluran hening", "Tidak ada suara, hanya derau", "middle"),
  lesson("ganda", "Laporan yang sama", "Kebakaran yang sudah dilaporkan orang lain", "middle"),
  lesson("batas", "Tawuran di perbatasan", "Dua Polres, satu jembatan", "hard"),
  lesson(
    "bisik",
    "Pesan martabak ke Cilodong",
    "Penelepon berbisik dan tidak bebas bicara",
    "hard",
  ),
];

const SAID: Said[] = [
  { at_ms: 1200, by: "operator", text: "“Polisi 110, apa yang terjadi?”" },
  { at_ms: 3400, by: "caller", text: "“Kak, rumah nenek kebakaran!”" },
  { at_ms: 9100, by: "operator", text: "“Alamat lengkapnya di mana?”" },
  { at_ms: 12_300, by: "line", text: "tangisan" },
  { at_ms: 14_000, by: "caller", text: "“Kelapa Dua, yang dekat Brimob.”" },
];

function exercise(state: DeskState, stage: TrainingStage): DeskState {
  return { ...state, training: true, exercise: { lessons: LESSONS, stage } };
}

const playing = (on_line: boolean): TrainingStage => ({
  stage: "playing",
  lesson: "sah",
  questions: [
    { id: "where", text: "Di mana alamat lengkapnya?", field: "location", asked: 1 },
    { id: "inside", text: "Masih ada orang di dalam?", field: "danger.trapped", asked: 0 },
    { id: "hurt", text: "Ada yang terluka?", field: "danger.injured", asked: 0 },
    { id: "name", text: "Dengan siapa saya bicara?", field: "reporter_name", asked: 0 },
  ],
  said: SAID,
  on_line,
});

const scored = (file: string | null, not_written: string | null): TrainingStage => ({
  stage: "scored",
  file,
  not_written,
  score: {
    lesson: "sah",
    title: "Laporan sah, Polres mengangkat",
    level: "easy",
    points: 78,
    items: [
      { kind: "answer", points: 15, of: 15, measured: 3200, better: "" },
      {
        kind: "questions",
        points: 20,
        of: 30,
        measured: 1,
        better: "Tanyakan siapa yang masih di dalam sebelum mengalihkan.",
      },
      { kind: "destination", points: 20, of: 20, measured: null, better: "" },
      { kind: "closing", points: 15, of: 15, measured: null, better: "" },
      {
        kind: "presses",
        points: 3,
        of: 10,
        measured: 31,
        better: "Jenis kejadian cukup dengan beberapa huruf, lalu Tab.",
      },
      { kind: "never-alone", points: 5, of: 10, measured: 2400, better: "" },
    ],
    missed: ["Masih ada orang di dalam?"],
    said: SAID,
    ended_at: "2026-11-23T03:11:20+07:00",
  },
});

export const LESSON_STATES: Record<string, () => DeskState> = {
  lessons: () => exercise(idleState(), { stage: "choosing" }),
  "lesson-waits": () => exercise(idleState(), { stage: "waiting", lesson: "sah" }),
  "lesson-call": () => exercise(polda(talking, "talking", deskCall(filledForm())), playing(true)),
  "lesson-over": () => exercise(idleState(), playing(false)),
  score: () => exercise(idleState(), scored(null, null)),
  "score-written": () => exercise(idleState(), scored("Latihan/2026-11-23-03.11-sah.html", null)),
  "score-not-written": () => exercise(idleState(), scored(null, "permission denied")),
  "number-asked": () => {
    const state = idleState();
    if (state.view === null) throw new Error("a view");
    const [first] = CALL_BACKS;
    return {
      ...state,
      view: { ...state.view, call_backs: CALL_BACKS },
      search: searched(ROWS, { text: "081800000119", from: 0, count: 200 }),
      number_asked: { number: "081800000119", call_back: first?.id ?? null },
    };
  },
};
