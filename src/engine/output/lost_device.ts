/** Whether a server says that it has lost a GPU, in the words of each backend. Pure. */

/** The GPU is gone to the process that says it: its driver was reset, or it does nothing any more. */
const LOST: readonly RegExp[] = [
  /\bdevice lost on \S+/,
  /ErrorDeviceLost|VK_ERROR_DEVICE_LOST|vk::DeviceLostError/,
  /(?:CUDA|ROCm|MUSA) error: (?:unspecified launch failure|unknown error|the launch timed out and was terminated)/,
  /(?:CUDA|ROCm|MUSA) error: (?:no \S+-capable device is detected|\S+-capable device\(s\) is\/are busy or unavailable)/,
  /(?:CUDA|ROCm|MUSA) error: (?:hardware stack error|uncorrectable (?:NVLink|ECC) error)/i,
  /(?:Memory access fault|HW Exception) by GPU node/,
  /UR_RESULT_ERROR_DEVICE_LOST|PI_ERROR_DEVICE_NOT_AVAILABLE/,
  /command buffer \d+ failed with status 5\b/,
];

/** After these a llama-server of today goes on, says that it is healthy, and fails at every request. */
const SURVIVED: readonly RegExp[] = [
  /\bdevice lost on \S+/,
  /command buffer \d+ failed with status 5\b/,
];

/** CUDA's and ROCm's second line. */
const CURRENT_DEVICE = /\bcurrent device: (-?\d+), in function\b/;

export function tellsLoss(line: string): boolean {
  return LOST.some((pattern) => pattern.test(line));
}

export function isUselessAfter(line: string): boolean {
  return SURVIVED.some((pattern) => pattern.test(line));
}

/** It belongs to a loss though it sounds like no trouble. */
export function namesDevice(line: string): boolean {
  return CURRENT_DEVICE.test(line);
}

export interface Loss {
  /** `null` if nothing says which: all that the server used are meant then. */
  readonly device: string | null;
  /** The line that says it best. */
  readonly line: string;
}

/** @param lines what the server said of its trouble */
export function lossIn(lines: readonly string[]): Loss | undefined {
  const at = lines.findIndex(tellsLoss);
  const line = lines[at];
  if (line === undefined) return undefined;
  const rest = lines.slice(at);
  const named = firstMatch(rest, /\bdevice lost on (\S+)/)?.[1];
  const backend = /(CUDA|ROCm|MUSA) error:/.exec(line)?.[1];
  const number = Number(firstMatch(rest, CURRENT_DEVICE)?.[1] ?? -1);
  const counted = backend === undefined || number < 0 ? null : `${backend}${number}`;
  return { device: named ?? counted, line };
}

function firstMatch(lines: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  return lines.map((line) => pattern.exec(line)).find((match) => match !== null);
}
