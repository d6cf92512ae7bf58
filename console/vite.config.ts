import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** Everything becomes a hashed file of its own: the page's policy allows neither inline code nor inline styles. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: false,
  },
});
