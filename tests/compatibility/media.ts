/** Something to see and something to hear, and how to tell that a model did. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";

/** PNGs of one pixel. */
export const PICTURES = {
  red:
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC",
  blue:
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mNgYPgPAAEDAQA2dBFAAAAAAElFTkSuQmCC",
} as const;

const SAMPLES_PER_S = 16_000;

/** A second of one tone, as WAV: 16 bits, mono. */
export function tone(hertz: number): Uint8Array<ArrayBuffer> {
  const header = 44;
  const view = new DataView(new ArrayBuffer(header + 2 * SAMPLES_PER_S));
  const words = (at: number, text: string) =>
    new TextEncoder().encodeInto(text, bytes.subarray(at));
  const bytes = new Uint8Array(view.buffer);
  words(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  words(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  [1, 1].forEach((value, index) => view.setUint16(20 + 2 * index, value, true));
  [SAMPLES_PER_S, 2 * SAMPLES_PER_S].forEach((value, index) =>
    view.setUint32(24 + 4 * index, value, true)
  );
  [2, 16].forEach((value, index) => view.setUint16(32 + 2 * index, value, true));
  words(36, "data");
  view.setUint32(40, 2 * SAMPLES_PER_S, true);
  for (let n = 0; n < SAMPLES_PER_S; n++) {
    const wave = Math.sin(2 * Math.PI * hertz * n / SAMPLES_PER_S);
    view.setInt16(header + 2 * n, 8_000 * wave, true);
  }
  return bytes;
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** The model's answers to two pictures or sounds differ: it has seen, or heard, each. */
export async function assertTellsApart<T>(
  [one, other]: readonly [T, T],
  describe: (what: T) => Promise<string | null | undefined>,
): Promise<void> {
  const [first, second] = [await describe(one), await describe(other)];
  assert.ok(first && second, "it says nothing");
  assert.notEqual(first, second);
}
