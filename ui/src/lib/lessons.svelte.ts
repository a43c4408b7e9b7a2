// An exercise as this window shows it: which lesson is chosen, which question is next, and how many
// keys the trainee needs.

import type {
  DeskState,
  Intent,
  LessonInfo,
  QuestionView,
  TrainingStage,
  TrainingWish,
} from "./bindings";

type Playing = Extract<TrainingStage, { stage: "playing" }>;

export class Lessons {
  /** Whether the reports are looked at instead. */
  away = $state(false);
  #chosen = $state<string | null>(null);
  #question = $state<string | null>(null);
  /** Keys since the answer; not shown while the call goes on. */
  #pressed = 0;

  #state: () => DeskState | null;
  #send: (intent: Intent) => void;

  constructor(state: () => DeskState | null, send: (intent: Intent) => void) {
    this.#state = state;
    this.#send = send;
  }

  #view = $derived.by(() => this.#state()?.exercise ?? null);
  stage = $derived.by<TrainingStage | null>(() => this.#view?.stage ?? null);
  all = $derived.by<readonly LessonInfo[]>(() => this.#view?.lessons ?? []);

  at = $derived.by(() =>
    Math.max(
      0,
      this.all.findIndex(({ id }) => id === this.#chosen),
    ),
  );
  chosen = $derived.by<LessonInfo | null>(() => this.all[this.at] ?? null);

  playing = $derived.by<Playing | null>(() =>
    this.stage?.stage === "playing" ? this.stage : null,
  );
  /** The lesson that waits or is played. */
  running = $derived.by<LessonInfo | null>(() => {
    const { stage } = this;
    if (stage?.stage !== "waiting" && stage?.stage !== "playing") return null;
    return this.all.find(({ id }) => id === stage.lesson) ?? null;
  });

  questions = $derived.by<readonly QuestionView[]>(() => this.playing?.questions ?? []);
  /** The question that would be asked: the chosen one, else the first that was not asked yet. */
  question = $derived.by<QuestionView | null>(
    () =>
      this.questions.find(({ id }) => id === this.#question) ??
      this.questions.find(({ asked }) => asked === 0) ??
      this.questions[0] ??
      null,
  );

  choose(at: number): void {
    const to = Math.max(0, Math.min(at, this.all.length - 1));
    this.#chosen = this.all[to]?.id ?? null;
  }

  chooseQuestion(id: string): void {
    this.#question = id;
  }

  begin(id: string | null): void {
    if (id === null) return;
    this.#chosen = id;
    this.#question = null;
    this.wish({ wish: "begin", lesson: id });
  }

  ask(): void {
    const { question } = this;
    if (question === null) return;
    this.#question = null;
    this.wish({ wish: "ask", question: question.id });
  }

  wish(wish: TrainingWish): void {
    this.#send({ intent: "training", wish });
  }

  /** The call was answered: keys are counted anew. */
  answered(): void {
    this.#pressed = 0;
  }

  /** A key that types nothing was pressed in a call. */
  pressed(): void {
    if (this.playing === null) return;
    this.#pressed += 1;
    this.wish({ wish: "pressed", keys: this.#pressed });
  }
}
