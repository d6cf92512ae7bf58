/** The message for a user when something fails, and the exit code: docs/command-line.md. */

import { asError } from "../../base/as_error.ts";
import { printable } from "../../base/printable.ts";
import { systemFailure } from "../../base/system_error.ts";

/** Class names rather than classes, so that telling a sentence loads nothing. */
const USAGE_ERRORS: ReadonlySet<string> = new Set([
  "ConfigFileError",
  "InvalidReferenceError",
  "InvalidTokenError",
  "UsageError",
]);

/** The machine says no. Their messages are written for people. */
const MACHINE_ERRORS: ReadonlySet<string> = new Set([
  // src/api
  "ModelRefusedError",
  "KeyFileError",
  "ListenError",
  "PortInUseError",
  // src/base
  "LaterFileError",
  "LoopbackError",
  // src/cli
  "AgentError",
  "DownloadBrokenError",
  "NodeAnswerError",
  "NodeNotRunningError",
  "NothingToServeError",
  "LicensesMissingError",
  "ServiceError",
  "UnknownModelError",
  "UpdateError",
  // src/engine
  "EngineBrokenError",
  "EngineExitedError",
  "EngineInstallError",
  "EngineDeviceError",
  "EngineNotFoundError",
  // src/mesh
  "BoundToOtherMeshError",
  "DataDirectoryError",
  "MembershipEndedError",
  "NoMeshError",
  "NotAllowedError",
  "PairingError",
  "PairingOverError",
  "NoRelayError",
  "QuicAddonError",
  "UdpPortInUseError",
  "UnreachableError",
  // src/models
  "DownloadFailedError",
  "DownloadRefusedError",
  "ForbiddenAddressError",
  "InvalidGgufError",
  "InvalidModelNameError",
  "ModelNotFoundError",
  "SeveralModelsError",
  "ModelsDirError",
  "UnusableFileError",
  // src/node
  "DataDirInUseError",
  "DataDirUnusableError",
]);

/** Their messages show what to put into a file, line by line; any other is a sentence. */
const OF_LINES: ReadonlySet<string> = new Set(["AgentError"]);

export interface Failure {
  readonly exitCode: 1 | 2;
  /** For standard error, without a full stop at its end. */
  readonly message: string;
  /** A second line: what helps. */
  readonly hint: string | null;
}

export interface DescribeOptions {
  /** Shows the stack of an error that nobody foresaw. */
  readonly debug: boolean;
}

export function describeFailure(error: unknown, { debug }: DescribeOptions): Failure {
  const failure = asError(error);
  const { name, stack } = failure;
  // Names, metadata and what llama.cpp says stand in them.
  const message = OF_LINES.has(name) ? failure.message : printable(failure.message);
  if (name === "UsageError") {
    return { exitCode: 2, message, hint: "Run mesh-llm --help for the commands and options" };
  }
  if (USAGE_ERRORS.has(name)) return { exitCode: 2, message, hint: null };
  if (MACHINE_ERRORS.has(name)) return { exitCode: 1, message, hint: null };
  const system = systemFailure(error);
  if (system !== null) {
    return {
      exitCode: 1,
      message: debug ? stack ?? message : printable(system.message),
      hint: system.remedy,
    };
  }
  return {
    exitCode: 1,
    message: debug ? stack ?? message : message,
    hint: debug
      ? "This is a bug in mesh-llm"
      : "This is a bug in mesh-llm; MESH_LLM_DEBUG=1 shows where",
  };
}
