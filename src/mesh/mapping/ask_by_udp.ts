import { createSocket, type Socket } from "node:dgram";

export interface UdpQuestion<Answer> {
  /** This machine's address, from which it is asked. */
  readonly own: string;
  readonly to: readonly { readonly address: string; readonly port: number }[];
  readonly bytes: Uint8Array;
  /** Only this machine's answers count. */
  readonly from: string;
  /** The pauses after each time that it is put. */
  readonly pausesMs: readonly number[];
  /** `undefined` for what is no answer to it; what it throws is thrown. */
  readonly read: (answer: Uint8Array) => Answer | undefined;
  readonly signal: AbortSignal;
}

/** Puts a question until it is answered; `null` where nobody does. @throws what the signal or the reader throws. */
export async function askByUdp<Answer>(question: UdpQuestion<Answer>): Promise<Answer | null> {
  const { own, to, bytes, from, pausesMs, read, signal } = question;
  signal.throwIfAborted();
  const answered = Promise.withResolvers<Answer | null>();
  const socket = createSocket({ type: "udp4" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const put = (round: number): void => {
    const pauseMs = pausesMs[round];
    if (pauseMs === undefined) return answered.resolve(null);
    for (const { address, port } of to) socket.send(bytes, port, address, () => {});
    timer = setTimeout(() => put(round + 1), pauseMs);
  };
  const abort = () => answered.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  socket.on("message", (message, { address }) => {
    if (address !== from) return;
    try {
      const answer = read(message);
      if (answer !== undefined) answered.resolve(answer);
    } catch (error) {
      answered.reject(error);
    }
  });
  // A network that has just gone: there is nobody to ask.
  socket.on("error", () => answered.resolve(null));
  try {
    socket.bind({ address: own, port: 0 }, () => begin(socket, own, () => put(0)));
    return await answered.promise;
  } finally {
    signal.removeEventListener("abort", abort);
    clearTimeout(timer);
    closeQuietly(socket);
  }
}

/** The default route may lead elsewhere than the network that is asked. */
function begin(socket: Socket, own: string, put: () => void): void {
  try {
    socket.setMulticastInterface(own);
  } catch {
    // Then only the datagram to the router itself is of use.
  }
  put();
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // It failed, and is closed.
  }
}
