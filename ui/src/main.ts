import { mount } from "svelte";
import App from "./components/App.svelte";
import { prefill, TauriBackend } from "./lib/backend";
import "./styles/tokens.css";
import "./styles/frame.css";
import "./styles/work.css";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");

// Day or night as the machine is set; the tokens know both.
const dark = matchMedia("(prefers-color-scheme: dark)");
const setTheme = (): void => {
  document.documentElement.dataset["theme"] = dark.matches ? "dark" : "light";
};
setTheme();
dark.addEventListener("change", setTheme);

mount(App, { target, props: { backend: new TauriBackend(), prefill: prefill() } });
