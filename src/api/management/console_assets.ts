import type { ConsoleAsset, ConsoleAssets } from "./console_page.ts";

/** Vite's output folder for the console; `deno compile` embeds the same folder. */
const BUILT_CONSOLE = new URL("../../../console/dist/", import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  webp: "image/webp",
  woff2: "font/woff2",
};

/** Reads the built console into memory; `null` where it was not built. */
export async function loadConsoleAssets(folder = BUILT_CONSOLE): Promise<ConsoleAssets | null> {
  try {
    const assets = new Map(await readFolder(folder, ""));
    return assets.has("index.html") ? assets : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function readFolder(folder: URL, prefix: string): Promise<[string, ConsoleAsset][]> {
  const found: [string, ConsoleAsset][] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = prefix + name;
    if (isDirectory) found.push(...await readFolder(new URL(`${name}/`, folder), `${path}/`));
    else {found.push([path, {
        body: await Deno.readFile(new URL(name, folder)),
        type: typeOf(name),
      }]);}
  }
  return found;
}

function typeOf(name: string): string {
  return TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
}
