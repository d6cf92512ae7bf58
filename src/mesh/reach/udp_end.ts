import { isIPv6 } from "node:net";

/** One end of a way by UDP. Two are the same where their keys are. */
export interface UdpEnd {
  /** Of IPv6 the shortest form. */
  readonly ip: string;
  readonly port: number;
  readonly key: string;
}

/** @throws {TypeError} where the text is no IP address. */
export function udpEnd(ip: string, port: number): UdpEnd {
  if (!isIPv6(ip)) return { ip, port, key: `${ip}:${port}` };
  const { hostname } = new URL(`http://[${ip}]`);
  return { ip: hostname.slice(1, -1), port, key: `${hostname}:${port}` };
}
