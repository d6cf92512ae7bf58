/** The datagrams of NAT-PMP (RFC 6886). Pure. */

const OP_ADDRESS = 0;
const OP_MAP_UDP = 1;

/** Added to the number of a question (section 3). */
const ANSWER = 128;

/** Section 3.5. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: "it speaks another version",
  2: "its owner has switched that off",
  3: "it has no address itself",
  4: "it has no port left",
  5: "it does not know the question",
};

export interface MapQuestion {
  readonly port: number;
  readonly externalPort: number;
  /** 0 closes the port. */
  readonly lifeSeconds: number;
}

export const ADDRESS_QUESTION = Uint8Array.of(0, OP_ADDRESS);

export function mapQuestion({ port, externalPort, lifeSeconds }: MapQuestion): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, OP_MAP_UDP);
  view.setUint16(4, port);
  view.setUint16(6, externalPort);
  view.setUint32(8, lifeSeconds);
  return bytes;
}

/** `undefined` for what answers another question. @throws where the router refuses. */
export function readAddress(answer: Uint8Array): string | undefined {
  const view = answerTo(OP_ADDRESS, answer, 12);
  return view === undefined ? undefined : [8, 9, 10, 11].map((at) => view.getUint8(at)).join(".");
}

/** The port outside. @throws where the router refuses. */
export function readMapped(answer: Uint8Array, { port }: MapQuestion): number | undefined {
  const view = answerTo(OP_MAP_UDP, answer, 16);
  return view === undefined || view.getUint16(8) !== port ? undefined : view.getUint16(10);
}

/** A refusal may be shorter than an answer. */
function answerTo(op: number, answer: Uint8Array, length: number): DataView | undefined {
  if (answer.byteLength < 4 || answer[1] !== op + ANSWER) return undefined;
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  const code = view.getUint16(2);
  if (code !== 0) throw new Error(REFUSALS[code] ?? `it refuses with code ${code}`);
  return answer.byteLength < length ? undefined : view;
}
