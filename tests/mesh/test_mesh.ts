import { endLibp2pLeaks } from "./leak_guard.ts";
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { MESH_DEFAULTS } from "../../src/mesh/config.ts";
import {
  type Mesh,
  type MeshEvent,
  type PeerId,
  startMesh,
  type StartMeshOptions,
} from "../../src/mesh/mod.ts";
import { content } from "./content.ts";
import { removeFolder } from "../support/remove_folder.ts";

/** A wait for an event gives up after this, so that a failing test says what it waited for. */
const PATIENCE_MS = 30_000;

const LOOPBACK = [{ name: "lo", address: "127.0.0.1" }];

export interface TestOptions extends Partial<StartMeshOptions> {
  /** An invite. */
  readonly token?: string | null;
  readonly leave?: boolean;
  readonly bindPort?: number | null;
}

/** A few nodes on 127.0.0.1, each with a data directory of its own; all are stopped with the scope. */
export class TestMeshes implements AsyncDisposable {
  readonly #root = Deno.makeTempDirSync({ prefix: "mesh-test-" });
  readonly #started = new Set<Mesh>();
  readonly #processes: Deno.ChildProcess[] = [];

  directory(name: string): string {
    return join(this.#root, name);
  }

  async start(name: string, options: TestOptions = {}): Promise<Mesh> {
    const { token: join = null, leave = false, bindPort = null, ...others } = options;
    const mesh = await startMesh({
      dataDir: this.directory(name),
      config: { ...MESH_DEFAULTS, lan: false, portMapping: false, join, leave, bindPort },
      role: "member",
      name,
      version: "0.1.0",
      logger: getLogger("test"),
      interfaces: () => LOOPBACK,
      ...others,
    });
    this.#started.add(mesh);
    return mesh;
  }

  /** Starts a member that announces itself. */
  async member(name: string, options: TestOptions = {}): Promise<Mesh> {
    const mesh = await this.start(name, options);
    mesh.announce(content({ name }));
    return mesh;
  }

  /** Some members that all know each other; the first has founded the mesh. */
  async group(...names: string[]): Promise<Mesh[]> {
    const founder = await this.member(names[0] ?? "founder");
    const token = await founder.invite({ role: "member", mayInvite: true });
    const others = await Promise.all(names.slice(1).map((name) => this.member(name, { token })));
    const all = [founder, ...others];
    await Promise.all(
      all.map((mesh) => until(mesh, () => mesh.members().length === all.length - 1)),
    );
    return all;
  }

  /** Starts a member in a process of its own, and waits until it has joined. */
  async process(name: string, token: string): Promise<{ child: Deno.ChildProcess; peer: PeerId }> {
    const script = join(import.meta.dirname ?? ".", "member_process.ts");
    const args = ["run", "--quiet", "-A", script, this.directory(name), token];
    const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
    this.#processes.push(child);
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      return { child, peer: text.trim() as PeerId };
    }
    throw new Error("The process ended before it joined");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#started].map((mesh) => mesh.stop()));
    await Promise.all(this.#processes.map(endProcess));
    await removeFolder(this.#root);
    endLibp2pLeaks();
  }
}

async function endProcess(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
  await child.status;
}

/** Waits, by the mesh's own events, until something holds. */
export function until(mesh: Mesh, holds: () => boolean): Promise<void> {
  return waitFor((check) => mesh.subscribe(check), holds);
}

/** Waits for an event that will come. */
export async function nextEvent(
  mesh: Mesh,
  matches: (event: MeshEvent) => boolean,
): Promise<MeshEvent> {
  let found: MeshEvent | undefined;
  await waitFor((check) =>
    mesh.subscribe((event) => {
      if (matches(event)) found ??= event;
      check();
    }), () => found !== undefined);
  return found as MeshEvent;
}

async function waitFor(
  subscribe: (check: () => void) => () => void,
  holds: () => boolean,
): Promise<void> {
  if (holds()) return;
  const done = Promise.withResolvers<void>();
  const unsubscribe = subscribe(() => holds() && done.resolve());
  const timer = setTimeout(
    () => done.reject(new Error(`Waited in vain for: ${holds}`)),
    PATIENCE_MS,
  );
  try {
    await done.promise;
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}
