import { Buffer } from "node:buffer";
import { RefusedError } from "../http/openai_errors.ts";

/** The first bytes of the kinds of pictures, and where they stand. */
const KINDS: readonly (readonly [mime: string, at: number, bytes: string])[] = [
  ["image/png", 0, "\x89PNG"],
  ["image/jpeg", 0, "\xff\xd8\xff"],
  ["image/gif", 0, "GIF8"],
  ["image/webp", 8, "WEBP"],
  ["image/bmp", 0, "BM"],
];

/** Enough base64 for the first bytes. */
const HEAD_CHARS = 24;

/** A picture as OpenAI's API takes it. @throws {RefusedError} where it is none, by the name of its field. */
export function dataUrlOf(image: string, field: string): string {
  if (image.startsWith("data:image/")) return image;
  const head = Buffer.from(image.slice(0, HEAD_CHARS), "base64").toString("latin1");
  const kind = KINDS.find(([, at, bytes]) => head.startsWith(bytes, at));
  if (kind === undefined || !/^[\w+/-]+={0,2}$/.test(image.trimEnd())) {
    const reason = `The field '${field}' is not as expected: must be a PNG, JPEG, GIF, WebP or ` +
      "BMP picture in base64";
    throw new RefusedError({ kind: "bad-body", reason, param: field });
  }
  return `data:${kind[0]};base64,${image.trimEnd()}`;
}
