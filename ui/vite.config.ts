import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

// `--mode states` builds the page of prepared states that pictures are taken of. It never goes into
// the program: the normal build knows only index.html.
export default defineConfig(({ mode }) => ({
  plugins: [svelte(), svelteTesting()],
  base: "./",
  build: {
    target: "safari16",
    outDir: mode === "states" ? "dist-states" : "dist",
    assetsInlineLimit: 0,
    rolldownOptions: { input: page(mode === "states" ? "states.html" : "index.html") },
  },
  // Generous: on a machine that also compiles, the first test of a file waits for its parts.
  test: { environment: "jsdom", include: ["tests/**/*.test.ts"], testTimeout: 30_000 },
}));
