/** Files that go with a question. A file that can't be used is refused with a sentence. */

import type { Attachment } from "./conversation.ts";
import { IMAGE_EDGE_MAX_PX, TEXT_FILE_MAX_BYTES } from "./defaults.ts";
import { displayName, formatBytes } from "./format.ts";

/** The file can't go with a question. The message is for people. */
export class AttachmentError extends Error {
  override name = "AttachmentError";
}

/** @throws {AttachmentError} */
export function textOf(name: string, bytes: Uint8Array): string {
  if (bytes.length > TEXT_FILE_MAX_BYTES) {
    throw new AttachmentError(
      `${name} has ${formatBytes(bytes.length)}; a text file may have ${
        formatBytes(TEXT_FILE_MAX_BYTES)
      }`,
    );
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Not UTF-8: no text.
  }
  throw new AttachmentError(`${name} is not a text file`);
}

/** Size of an image that is made to fit, its shape kept. */
export function fitted(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, IMAGE_EDGE_MAX_PX / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

/** Drawn anew: smaller where it is large, and without what a camera wrote beside it. */
async function imageUrl(file: File, name: string): Promise<string> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch (cause) {
    throw new AttachmentError(`${name} is no image that this browser can read`, { cause });
  }
  const canvas = document.createElement("canvas");
  Object.assign(canvas, fitted(bitmap.width, bitmap.height));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.toDataURL("image/jpeg", 0.9);
}

/** @throws {AttachmentError} */
export async function readAttachment(file: File): Promise<Attachment> {
  const name = displayName(file.name) || "file";
  if (file.type.startsWith("image/") && file.type !== "image/svg+xml") {
    return { kind: "image", name, dataUrl: await imageUrl(file, name) };
  }
  return { kind: "text", name, text: textOf(name, new Uint8Array(await file.arrayBuffer())) };
}
