import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The page of prepared states in Chromium: `npm run build:states && npm run test:browser`.
export default defineConfig({
  plugins: [svelte()],
  test: {
    include: ["browser/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // One browser at a time.
    fileParallelism: false,
  },
});
