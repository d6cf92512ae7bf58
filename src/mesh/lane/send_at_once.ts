import { type LinuxSockets, openLinuxSockets, SOL_SOCKET } from "../base/linux_sockets.ts";

const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/**
 * Has every connection that comes in through this TCP port send what it has at once, as those that go out do: they have
 * it from the listener. Deno has no call for it on a TLS connection. By Nagle's algorithm the end of an answer of more than
 * one record of TLS, 16 KB, waits for a word of the other end, which comes 40 ms later.
 * @returns how many listeners there are; none where the system has no such calls
 */
export function sendAtOnce(port: number): number {
  let sockets: LinuxSockets | undefined;
  try {
    const { descriptors, port: portOf, option, setOption } = sockets = openLinuxSockets();
    return descriptors()
      .filter((one) => portOf(one) === port && option(one, SOL_SOCKET, SO_ACCEPTCONN) !== 0)
      .filter((one) => setOption(one, IPPROTO_TCP, TCP_NODELAY, 1))
      .length;
  } catch {
    return 0; // another system, where the end of a large answer waits
  } finally {
    sockets?.close();
  }
}
