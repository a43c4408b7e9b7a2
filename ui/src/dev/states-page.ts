// Shows one prepared state: states.html?state=NAME&theme=light|dark. Not part of the program.

import { mount } from "svelte";
import App from "../components/App.svelte";
import { FakeBackend } from "../lib/fake-backend";
import { STATES } from "./all-states";
import "../styles/tokens.css";
import "../styles/frame.css";
import "../styles/work.css";

const query = new URLSearchParams(location.search);
document.documentElement.dataset["theme"] = query.get("theme") ?? "light";
const backend = new FakeBackend();
const make = STATES[query.get("state") ?? "idle"] ?? STATES["idle"];
if (make) backend.show(make());

const target = document.getElementById("app");
if (target === null) throw new Error("states.html has no #app");
const prefill = { hub: "http://127.0.0.1:8110", seat: "pmj-3", operator: "rina" };
mount(App, { target, props: { backend, prefill } });
