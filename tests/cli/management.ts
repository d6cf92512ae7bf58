import { join } from "node:path";
import type { RunningNodeClient } from "../../src/cli/client/running_node.ts";
import { findRunningNode } from "../../src/cli/client/running_node.ts";
import { removeFolder } from "../support/remove_folder.ts";

/** A management API on loopback that answers what a test says, and the data directory that leads to it. */
export interface ManagementApi {
  readonly dataDir: string;
  /** The node as the command line finds it. */
  find(): Promise<RunningNodeClient>;
  readonly requests: readonly SeenRequest[];
}

export interface SeenRequest {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

export interface ManagementOptions {
  readonly answer: (path: string) => Response;
  /** Folder below the data directory where `node.json` lies. */
  readonly folder?: string;
}

export async function withManagementApi(
  { answer, folder = "" }: ManagementOptions,
  use: (api: ManagementApi) => Promise<void>,
): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "mesh-llm-test-" });
  const requests: SeenRequest[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { url, headers } = request;
    requests.push({ path: new URL(url).pathname, headers, body: await request.text() });
    return answer(new URL(url).pathname);
  });
  try {
    await writeNodeFile(join(dataDir, folder), `http://127.0.0.1:${server.addr.port}`);
    await use({ dataDir, requests, find: () => findRunningNode(dataDir) });
  } finally {
    await server.shutdown();
    await removeFolder(dataDir);
  }
}

export async function writeNodeFile(folder: string, console: string, pid = Deno.pid) {
  await Deno.mkdir(folder, { recursive: true });
  const file = {
    pid,
    startTime: new Date(0).toISOString(),
    api: console,
    console,
    adminKey: "key",
  };
  await Deno.writeTextFile(join(folder, "node.json"), JSON.stringify(file));
}
