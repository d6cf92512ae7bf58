/** Nodes on the machines of one local network, reached from the test as if they ran beside it. */

import type { PairingView, Status } from "../../src/api/mod.ts";
import { whyNoNamespaces } from "../support/namespaces.ts";
import type { NodeProcess } from "../support/node_process.ts";
import type { NetworkMachine } from "../support/one_network.ts";
import { nodeTest, startServing } from "./mesh_of_nodes.ts";

const reason = await whyNoNamespaces();

/** A test with real nodes on machines of one network; ignored, with the reason in its name, where there can be none. */
export function networkTest(name: string, fn: () => Promise<void>): void {
  if (reason !== null) Deno.test.ignore(`${name} (${reason})`, fn);
  else nodeTest(name, fn);
}

interface Started {
  readonly name?: string;
  readonly dataDir?: string;
  readonly lan?: boolean;
  readonly compiled?: string;
  readonly cwd?: string;
}

/** A node of a machine, reached from the test as if it ran beside it. */
export async function startOn(
  { namespace, door }: NetworkMachine,
  args: readonly string[],
  options: Started = {},
): Promise<NodeProcess> {
  const node = await startServing(args, { lan: true, ...options, namespace });
  const [api, console] = [await door.wayTo(node.ready.api), await door.wayTo(node.ready.console)];
  node.ready = { ...node.ready, api, console };
  return node;
}

export const GUIDE = ["--model", "guide"];
/** Whether a node sees so many other meshes. */
export const sees = (meshes: number) => ({ lan }: Status) => lan?.meshes.length === meshes;

/** A machine's pairing, as its console sees it. */
export function pairingOf({ ready }: Pick<NodeProcess, "ready">) {
  const path = `${ready.console}/api/pairing`;
  const view = async (): Promise<PairingView> => await (await fetch(path)).json();
  return {
    view,
    async post(action: string, body: unknown) {
      const response = await fetch(`${path}/${action}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
    },
    /** The first view that is as wanted: the present one, or that of an event. */
    async until(wanted: (view: PairingView) => boolean): Promise<PairingView> {
      const ending = new AbortController();
      const timer = setTimeout(() => ending.abort(new Error("No such pairing")), 60_000);
      try {
        const { body } = await fetch(`${ready.console}/api/events`, { signal: ending.signal });
        let rest = "";
        for await (const text of body!.pipeThrough(new TextDecoderStream())) {
          // The stream is open: whatever changes from now on is an event.
          const now = rest === "" ? await view() : undefined;
          if (now !== undefined && wanted(now)) return now;
          const events = (rest + text).split("\n\n");
          rest = `${events.pop()}`;
          for (const event of events.map(pairingIn)) if (event && wanted(event)) return event;
        }
        throw new Error("The events ended");
      } finally {
        clearTimeout(timer);
        ending.abort();
      }
    },
  };
}

function pairingIn(event: string): PairingView | undefined {
  const [, data] = /^event: pairing\nid: .*\ndata: (.*)$/m.exec(event) ?? [];
  return data === undefined ? undefined : JSON.parse(data);
}
