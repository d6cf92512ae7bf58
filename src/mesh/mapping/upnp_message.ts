/** The texts of UPnP's Internet Gateway Device, versions 1 and 2. Pure. */

import { SSDP_GROUP, SSDP_PORT } from "./defaults.ts";
import { elementsOf, escapeXml, textOf } from "./xml.ts";

const GATEWAY = "urn:schemas-upnp-org:device:InternetGatewayDevice";
const CONNECTION = /^urn:schemas-upnp-org:service:WAN(?:IP|PPP)Connection:\d$/;

/** The port is another machine's (WANIPConnection:1, section 2.4.16). */
export const PORT_IS_TAKEN = 718;

/** Its mappings stay until they are taken back. */
export const ONLY_PERMANENT = 725;

/** The service of a router that opens ports. */
export interface PortService {
  readonly type: string;
  readonly url: URL;
}

export interface SoapCall {
  readonly service: string;
  readonly action: string;
  readonly fields: readonly (readonly [name: string, value: string | number])[];
}

/** @param version of the device that is looked for: one of version 2 may be silent for 1 */
export function searchQuestion(version: 1 | 2): Uint8Array {
  return new TextEncoder().encode([
    "M-SEARCH * HTTP/1.1",
    `HOST: ${SSDP_GROUP}:${SSDP_PORT}`,
    'MAN: "ssdp:discover"',
    "MX: 1",
    `ST: ${GATEWAY}:${version}`,
    "",
    "",
  ].join("\r\n"));
}

/** The place where the device describes itself. Only at its own address: others would be asked in this machine's name. */
export function locationIn(answer: Uint8Array, router: string): URL | undefined {
  const text = new TextDecoder().decode(answer);
  if (!/^HTTP\/1\.[01] 200/.test(text) || !text.includes(GATEWAY)) return undefined;
  const location = /^location:[ \t]*(\S+)/im.exec(text)?.[1];
  return location === undefined ? undefined : urlOf(location, router);
}

/** The first service of a description that opens ports. */
export function portServiceIn(description: string, location: URL): PortService | undefined {
  for (const service of elementsOf(description, "service")) {
    const type = textOf(service, "serviceType") ?? "";
    const url = urlOf(textOf(service, "controlURL") ?? "", location.hostname, location);
    if (CONNECTION.test(type) && url !== undefined) return { type, url };
  }
  return undefined;
}

function urlOf(text: string, router: string, base?: URL): URL | undefined {
  const url = URL.parse(text, base);
  return url?.protocol === "http:" && url.hostname === router ? url : undefined;
}

export function soapBody({ service, action, fields }: SoapCall): string {
  const values = fields.map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`);
  return '<?xml version="1.0"?>' +
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
    `<u:${action} xmlns:u="${service}">${values.join("")}</u:${action}></s:Body></s:Envelope>`;
}

/** Its code and words, where the answer is a refusal. */
export function refusalIn(answer: string): { readonly code: number; readonly text: string } | null {
  const code = textOf(answer, "errorCode");
  if (code === undefined || !/^\d{3}$/.test(code)) return null;
  return { code: Number(code), text: textOf(answer, "errorDescription") ?? "" };
}

export function mapCall(
  service: string,
  { own, port, externalPort, lifeSeconds }: {
    readonly own: string;
    readonly port: number;
    readonly externalPort: number;
    readonly lifeSeconds: number;
  },
): SoapCall {
  return {
    service,
    action: "AddPortMapping",
    fields: [
      ["NewRemoteHost", ""],
      ["NewExternalPort", externalPort],
      ["NewProtocol", "UDP"],
      ["NewInternalPort", port],
      ["NewInternalClient", own],
      ["NewEnabled", 1],
      ["NewPortMappingDescription", "mesh-llm"],
      ["NewLeaseDuration", lifeSeconds],
    ],
  };
}

export function unmapCall(service: string, externalPort: number): SoapCall {
  return {
    service,
    action: "DeletePortMapping",
    fields: [["NewRemoteHost", ""], ["NewExternalPort", externalPort], ["NewProtocol", "UDP"]],
  };
}
