import { writeHeapSnapshot } from "node:v8";

interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: string[]; readonly node_types: [string[]] };
  };
  readonly nodes: number[];
  readonly strings: string[];
}

/** The living objects: the heap after a full collection. */
export class Heap {
  /** Objects and functions, without the strings, numbers and code that V8 makes for itself. */
  readonly objects: number;
  readonly #texts: string;

  private constructor({ snapshot: { meta }, nodes, strings }: Snapshot) {
    this.#texts = strings.join("\n");
    const counted = ["object", "closure"].map((type) => meta.node_types[0].indexOf(type));
    this.objects = 0;
    for (let at = 0; at < nodes.length; at += meta.node_fields.length) {
      if (counted.includes(nodes[at] as number)) this.objects += 1;
    }
  }

  static async read(): Promise<Heap> {
    const path = await Deno.makeTempFile({ suffix: ".heapsnapshot" });
    try {
      writeHeapSnapshot(path);
      return new Heap(JSON.parse(await Deno.readTextFile(path)));
    } finally {
      await Deno.remove(path);
    }
  }

  has(text: string): boolean {
    return this.#texts.includes(text);
  }

  /** All PeerIds in it: quicker than one search for each of thousands. */
  peers(): ReadonlySet<string> {
    return new Set(this.#texts.match(/12D3KooW[1-9A-HJ-NP-Za-km-z]{44}/g));
  }
}

const ID_CHARS = 52;

/** PeerIds as bytes: a test that looks for them in the heap must not find its own. */
export class HiddenPeers {
  readonly #ids: Uint8Array;
  #count = 0;

  constructor(max: number) {
    this.#ids = new Uint8Array(max * ID_CHARS);
  }

  add(peer: string): void {
    this.#ids.set(new TextEncoder().encode(peer), this.#count++ * ID_CHARS);
  }

  /** Those that something else holds too. */
  keptIn(heap: Heap): string[] {
    const peers = heap.peers();
    const text = new TextDecoder().decode(this.#ids.subarray(0, this.#count * ID_CHARS));
    const ids = Array.from(
      { length: this.#count },
      (_, i) => text.slice(i * ID_CHARS, (i + 1) * ID_CHARS),
    );
    return ids.filter((id) => peers.has(id));
  }
}
