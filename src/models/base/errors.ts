import { printable } from "../../base/printable.ts";
import { MAX_MODEL_NAME_CHARS } from "../../base/model_name.ts";
import type { LocalModel } from "./types.ts";

/** Of a reason, which quotes the file: a key may have 64 KiB. */
const REASON_CHARS_MAX = 300;

/** The file is no GGUF, or a broken one. */
export class InvalidGgufError extends Error {
  override name = "InvalidGgufError";

  readonly reason: string;

  /** @param because completes a sentence that begins with the file: "it is cut short" */
  constructor(because: string, readonly path: string | null = null, options?: ErrorOptions) {
    const reason = printable(because, REASON_CHARS_MAX);
    super(
      path === null ? `Not a usable GGUF: ${reason}` : `Cannot use ${path}: ${reason}`,
      options,
    );
    this.reason = reason;
  }
}

/** The header of a model, and nothing behind it: what llama.cpp tests tokenizers with. */
export class NoWeightsError extends InvalidGgufError {
  override name = "NoWeightsError";

  /** @param model what it would be if it held any weights */
  constructor(readonly model: LocalModel) {
    super("it holds no weights", model.path);
  }
}

/** `--models-dir` names nothing that models could lie in. */
export class ModelsDirError extends Error {
  override name = "ModelsDirError";

  /** @param reason completes a sentence that begins with the folder */
  constructor(path: string, reason: string) {
    super(`Cannot use ${path} for --models-dir: ${reason}`);
  }
}

/** Something is there that is named like a model, and nothing can be read of it. */
export class UnusableFileError extends Error {
  override name = "UnusableFileError";
}

/** No file of that name or at that path. */
export class ModelNotFoundError extends Error {
  override name = "ModelNotFoundError";

  constructor(readonly model: string, message: string) {
    super(message);
  }
}

/** Several files of different content have the name. */
export class SeveralModelsError extends Error {
  override name = "SeveralModelsError";

  /** @param ids with their paths */
  constructor(model: string, ids: readonly string[]) {
    super(
      `${model} may be one of several models on this machine's disk: name one of them, ` +
        `${ids.join(", ")}`,
    );
  }
}

/** Other nodes would not accept the name that the file gives the model. */
export class InvalidModelNameError extends Error {
  override name = "InvalidModelNameError";

  constructor(readonly path: string) {
    super(
      `Cannot use ${path}: a model is named by its file, and a name has at most ` +
        `${MAX_MODEL_NAME_CHARS} characters, none of them a backslash or invisible, no "..", and ` +
        "does not begin with . ~ - or a space, nor is it __proto__; rename the file",
    );
  }
}

export function bytesText(bytes: number): string {
  return `${bytes.toLocaleString("en-US")} bytes`;
}

/** The argument of a download is no model of the catalog, no repository and no URL of a model. */
export class InvalidReferenceError extends Error {
  override name = "InvalidReferenceError";

  constructor(readonly reference: string) {
    super(
      `Cannot download ${reference}: name a model of the catalog, a repository of Hugging Face as ` +
        "org/repo or org/repo:Q4_K_M, or an https URL that ends in .gguf",
    );
  }
}
