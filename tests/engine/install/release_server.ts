/** A releases API with its archives, on this machine. */

import { join } from "node:path";
import { writeScript } from "../temp_dir.ts";
import { type FileServerOptions, serveFile, sha256 } from "./file_server.ts";

export const TAG = "b4242";
const ARCH = Deno.build.arch === "x86_64" ? "x64" : "arm64";
const SYSTEM = Deno.build.os === "darwin" ? "macos" : "ubuntu";

/** `llama-b4242-bin-ubuntu-vulkan-x64.tar.gz`, of this machine's platform. */
export function archiveName(words = "", ending = "tar.gz"): string {
  return `llama-${TAG}-bin-${SYSTEM}-${words === "" ? "" : `${words}-`}${ARCH}.${ending}`;
}

export interface ServedAsset extends FileServerOptions {
  readonly name: string;
  /** The false answer of the API. */
  readonly says?: object;
}

export interface ReleaseServer extends AsyncDisposable {
  readonly apiUrl: string;
  /** Names of the archives that were asked for, one for each request. */
  readonly asked: readonly string[];
}

/** @param refusal what the API answers in place of its list */
export function serveRelease(assets: readonly ServedAsset[], refusal?: Response): ReleaseServer {
  const asked: string[] = [];
  const files = assets.map((asset) =>
    serveFile({ ...asset, onRequest: () => asked.push(asset.name) })
  );
  const listed = assets.map(({ name, file, says = {} }, index) => ({
    name,
    browser_download_url: files[index]?.url,
    size: file.length,
    digest: `sha256:${sha256(file)}`,
    ...says,
  }));
  const path = `/repos/ggml-org/llama.cpp/releases/tags/${TAG}`;
  const api = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      if (refusal !== undefined) return refusal.clone();
      return new URL(request.url).pathname === path
        ? Response.json({ tag_name: TAG, assets: listed })
        : new Response(null, { status: 404 });
    },
  );
  return {
    apiUrl: `http://127.0.0.1:${api.addr.port}`,
    asked,
    async [Symbol.asyncDispose]() {
      await api.shutdown();
      await Promise.all(files.map((file) => file[Symbol.asyncDispose]()));
    },
  };
}

/** An archive as the release packs it, of scripts. */
export async function tarball(
  dir: string,
  scripts: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const work = await Deno.makeTempDir({ dir });
  for (const [name, body] of Object.entries(scripts)) {
    await writeScript(join(work, `llama-${TAG}`), name, body);
  }
  const path = join(work, "made.tar.gz");
  await new Deno.Command("tar", { args: ["-czf", path, "-C", work, `llama-${TAG}`] }).output();
  return await Deno.readFile(path);
}
