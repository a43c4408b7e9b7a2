// Shows one prepared state: states.html?state=NAME&theme=light|dark&language=id|en. Not part of the program.

import { flushSync, mount } from "svelte";
import App from "../components/App.svelte";
import { FakeBackend } from "../lib/fake-backend";
import { preferences, wearPreferences } from "../lib/preferences.svelte";
import { STATES } from "./all-states";
import { answered } from "./states-cases";
import type {} from "./states-page-window";
import "../styles/index.css";

const query = new URLSearchParams(location.search);
preferences.theme = query.get("theme") === "dark" ? "dark" : "light";
preferences.language = query.get("language") === "en" ? "en" : "id";
wearPreferences(document.documentElement);
// For pictures the clock stands still; for figures it can be read all the same.
const clock = performance.now.bind(performance);
if (query.has("still")) performance.now = () => 0;
window.__clock = clock;
window.__flush = flushSync;

const backend = new FakeBackend(answered);
const make = STATES[query.get("state") ?? "idle"] ?? STATES["idle"];
const shown = make?.();
if (shown) backend.show(shown);

// Milliseconds from a state that brings other findings to the page that shows them.
window.__findings = (times) =>
  Array.from({ length: times }, (_, n) => {
    if (!shown?.call?.advice) return 0;
    const { verdict } = shown.call.advice;
    const [first, ...rest] = verdict.findings;
    if (first === undefined) return 0;
    const findings = [{ ...first, title: `${first.title} ${n}` }, ...rest];
    const advice = { ...shown.call.advice, verdict: { ...verdict, findings } };
    const state = { ...shown, rev: n + 2, call: { ...shown.call, advice } };
    const before = clock();
    backend.show(state);
    flushSync();
    void document.body.offsetHeight;
    return clock() - before;
  });

const target = document.getElementById("app");
if (target === null) throw new Error("states.html has no #app");
const prefill = { hub: "http://127.0.0.1:8110", seat: "pmj-3", operator: "rina" };
mount(App, { target, props: { backend, prefill } });
