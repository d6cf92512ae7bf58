/** The one exchange of multistream-select 1.0 that the mesh needs: a protocol is proposed, and repeated if agreed. */

const VERSION = encodeLine("/multistream/1.0.0");

/** A varint of one byte holds no more. */
const MAX_LINE_BYTES = 127;

export interface Proposal {
  readonly protocol: string;
  /** With the version before it. */
  readonly length: number;
}

/** The proposal of a protocol, and the agreement to it: version and protocol in one piece. */
export function proposalOf(protocol: string): Uint8Array {
  const line = encodeLine(protocol);
  const proposal = new Uint8Array(VERSION.length + line.length);
  proposal.set(VERSION);
  proposal.set(line, VERSION.length);
  return proposal;
}

/** The proposal that stands whole at the beginning of these bytes. Pure. */
export function readProposal(bytes: Uint8Array): Proposal | undefined {
  if (!VERSION.every((byte, at) => bytes[at] === byte)) return undefined;
  const length = bytes[VERSION.length];
  if (length === undefined || length === 0 || length > MAX_LINE_BYTES) return undefined;
  const line = bytes.subarray(VERSION.length + 1, VERSION.length + 1 + length);
  if (line.length < length || line.at(-1) !== 0x0a) return undefined;
  const protocol = new TextDecoder().decode(line.subarray(0, -1));
  return { protocol, length: VERSION.length + 1 + length };
}

/** Each line with its length before it. */
function encodeLine(text: string): Uint8Array {
  const line = new TextEncoder().encode(`${text}\n`);
  return Uint8Array.of(line.length, ...line);
}
