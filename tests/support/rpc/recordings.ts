/** The recorded connections of this folder. */

export interface Recording {
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
}

export function recording(name: string): Recording {
  const read = (side: string) =>
    Deno.readFileSync(new URL(`./${name}.${side}.bin`, import.meta.url));
  return { request: read("request"), reply: read("response") };
}
