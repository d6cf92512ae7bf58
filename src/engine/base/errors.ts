import type { ExitCause } from "./types.ts";

/** There is no llama.cpp where it was looked for. */
export class EngineNotFoundError extends Error {
  override name = "EngineNotFoundError";
}

/** `--device` names what llama.cpp does not have here. */
export class EngineDeviceError extends Error {
  override name = "EngineDeviceError";
}

/** A binary is there but does not do what llama.cpp's does. */
export class EngineBrokenError extends Error {
  override name = "EngineBrokenError";
  constructor(readonly path: string, readonly reason: string, options?: ErrorOptions) {
    super(
      `Cannot use ${path}: ${reason}. ` +
        "Install llama.cpp anew with `mesh-llm engine install`, or name another folder with --bin-dir",
      options,
    );
  }
}

/** llama.cpp could not be installed. */
export class EngineInstallError extends Error {
  override name = "EngineInstallError";
}

/** Nothing of this source can be installed here, whatever the build. */
export class SourceUnavailableError extends EngineInstallError {
  override name = "SourceUnavailableError";
}

/** A server ended and is not started again. */
export class EngineExitedError extends Error {
  override name = "EngineExitedError";
  constructor(
    readonly server: string,
    readonly exitCode: number | null,
    readonly reason: ExitCause,
  ) {
    super(`${server}: ${reason.text}`);
  }
}

/** A server was stopped while somebody waited for it. */
export class EngineStoppedError extends Error {
  override name = "EngineStoppedError";
  constructor(readonly server: string) {
    super(`${server} was stopped before it was ready`);
  }
}

/** The end of a child's output as part of a sentence; the last line is most often the reason. */
export function lastWords(output: string): string {
  const lines = output.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return lines.length === 0 ? "" : `: ${lines.slice(-2).join(" | ")}`;
}
