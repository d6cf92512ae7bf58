/** Puts the program and its packages into a few JavaScript files: fewer to load, and only what is used. */

import { relative } from "node:path";
import { build, type Plugin } from "vite";
import { ROOT } from "./run.ts";

/** Only the native addon can't be bundled. Modules that are imported dynamically stay in files of their own. */
export async function bundle(outDir: string): Promise<void> {
  await build({
    configFile: false,
    root: ROOT,
    logLevel: "warn",
    publicDir: false,
    plugins: [keepModuleUrls()],
    ssr: { noExternal: true, target: "node" },
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      target: "esnext",
      minify: false, // stack traces stay readable, and the start gains nothing by it
      rolldownOptions: {
        input: "main.ts",
        output: { entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
      },
    },
  });
}

/**
 * A module that looks for a file beside itself finds it at the same place under `outDir`: its URL is written as it
 * was in the project, since the bundle's files all lie flat in one folder.
 */
function keepModuleUrls(): Plugin {
  return {
    name: "keep-module-urls",
    enforce: "pre",
    transform(code, id) {
      if (!code.includes("import.meta.url")) return null;
      const path = JSON.stringify(`./${relative(ROOT, id)}`);
      const url = `new URL(${path}, import.meta.url).href`;
      return { code: code.replaceAll("import.meta.url", url), map: null };
    },
  };
}
