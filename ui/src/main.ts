import { mount } from "svelte";
import App from "./components/App.svelte";
import { prefill, TauriBackend } from "./lib/backend";
import { tellFailures } from "./lib/failures";
import { wearPreferences } from "./lib/preferences.svelte";
import "./styles/index.css";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");

wearPreferences(document.documentElement);
const backend = new TauriBackend();
tellFailures(backend, window);
mount(App, { target, props: { backend, prefill: prefill() } });
