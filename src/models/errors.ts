/** The file is no GGUF, or a broken one. */
export class InvalidGgufError extends Error {
  override name = "InvalidGgufError";

  /** @param reason completes a sentence that begins with the file: "it is cut short" */
  constructor(readonly reason: string, readonly path: string | null = null) {
    super(path === null ? `Not a usable GGUF: ${reason}` : `Cannot use ${path}: ${reason}`);
  }
}

/** No file of that name or at that path. */
export class ModelNotFoundError extends Error {
  override name = "ModelNotFoundError";

  constructor(readonly model: string, message: string) {
    super(message);
  }
}

/** Other nodes would not accept the name that the file gives the model. */
export class InvalidModelNameError extends Error {
  override name = "InvalidModelNameError";

  constructor(readonly path: string) {
    super(
      `Cannot use ${path}: a model is named by its file, and a name has at most 128 letters, ` +
        `digits and . _ : - and begins with a letter or digit; rename the file`,
    );
  }
}

export function bytesText(bytes: number): string {
  return `${bytes.toLocaleString("en-US")} bytes`;
}
