/** The words of routers, as this program reads them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { mapQuestion, readAddress, readMapped } from "../../../src/mesh/mapping/pmp_message.ts";
import {
  locationIn,
  mapCall,
  portServiceIn,
  refusalIn,
  soapBody,
} from "../../../src/mesh/mapping/upnp_message.ts";
import { elementsOf, escapeXml, textOf } from "../../../src/mesh/mapping/xml.ts";

const question = { port: 47_001, externalPort: 47_002, lifeSeconds: 7_200 };
const ANSWER = [0, 129, 0, 0, 0, 0, 0, 9, 0xb7, 0x99, 0xb7, 0x9a, 0, 0, 0x1c, 0x20];

Deno.test("NAT-PMP: the datagrams of RFC 6886", () => {
  assert.equal(mapQuestion(question).toHex(), "00010000b799b79a00001c20");
  assert.equal(readMapped(Uint8Array.from(ANSWER), question), 47_002);
  const address = Uint8Array.of(0, 128, 0, 0, 0, 0, 0, 9, 45, 76, 1, 1);
  assert.equal(readAddress(address), "45.76.1.1");
  assert.equal(readAddress(Uint8Array.from(ANSWER)), undefined, "the answer to another question");
  assert.equal(readMapped(Uint8Array.from(ANSWER), { ...question, port: 1 }), undefined);
  assert.equal(readMapped(Uint8Array.from(ANSWER.slice(0, 15)), question), undefined, "cut");
  assert.throws(() => readMapped(Uint8Array.of(0, 129, 0, 2), question), /switched that off/);
  assert.throws(() => readAddress(Uint8Array.of(0, 128, 0, 99)), /code 99/);
});

const GATEWAY = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
const found = (location: string, st = GATEWAY) =>
  new TextEncoder().encode(`HTTP/1.1 200 OK\r\nST: ${st}\r\nLocation: ${location}\r\n\r\n`);

Deno.test("UPnP: a router is asked at its own address only", () => {
  const router = "192.168.1.1";
  const read = (location: string, st?: string) => locationIn(found(location, st), router)?.href;
  assert.equal(read("http://192.168.1.1:5000/root.xml"), "http://192.168.1.1:5000/root.xml");
  for (
    const location of [
      "http://127.0.0.1:3131/api/stop",
      "http://192.168.1.1@127.0.0.1/",
      "http://192.168.1.10/",
      "https://192.168.1.1/",
      "file:///etc/passwd",
      "nonsense",
      "",
    ]
  ) assert.equal(read(location), undefined, location);
  assert.equal(read("http://192.168.1.1/", "urn:schemas-upnp-org:device:MediaServer:1"), undefined);
});

const description = (controlUrl: string, type = "WANIPConnection:1") =>
  `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device>
<serviceList><service><serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</serviceType>
<controlURL>/common</controlURL></service></serviceList>
<deviceList><device><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:${type}</serviceType>
<controlURL>${controlUrl}</controlURL></service></serviceList></device></deviceList>
</device></deviceList></device></root>`;

Deno.test("UPnP: the service that opens ports, of all versions", () => {
  const location = new URL("http://192.168.1.1:5000/desc/root.xml");
  const url = (text: string) => portServiceIn(text, location)?.url.href;
  assert.equal(url(description("/ctl?a=1&amp;b=2")), "http://192.168.1.1:5000/ctl?a=1&b=2");
  assert.equal(url(description("ctl")), "http://192.168.1.1:5000/desc/ctl");
  assert.equal(url(description("http://192.168.1.1:49000/x")), "http://192.168.1.1:49000/x");
  assert.equal(url(description("http://127.0.0.1/x")), undefined);
  for (const type of ["WANIPConnection:2", "WANPPPConnection:1"]) {
    assert.equal(
      portServiceIn(description("/c", type), location)?.type,
      `urn:schemas-upnp-org:service:${type}`,
    );
  }
  assert.equal(url(description("/c", "Layer3Forwarding:1")), undefined);
  assert.equal(url("<html>Log in</html>"), undefined);
});

Deno.test("UPnP: a refusal in the router's words", () => {
  const fault = (code: string) =>
    `<s:Envelope><s:Body><s:Fault><faultcode>s:Client</faultcode><detail><UPnPError xmlns="u">
<errorCode>${code}</errorCode><errorDescription>ConflictInMapping&lt;Entry&gt;</errorDescription>
</UPnPError></detail></s:Fault></s:Body></s:Envelope>`;
  assert.deepEqual(refusalIn(fault("718")), { code: 718, text: "ConflictInMapping<Entry>" });
  for (
    const text of [fault("x"), fault(""), "", soapBody(mapCall("s", { own: "o", ...question }))]
  ) {
    assert.equal(refusalIn(text), null);
  }
});

Deno.test("XML: any text comes back, and nothing throws", () => {
  fc.assert(fc.property(fc.string(), fc.stringMatching(/^[a-z]{1,8}$/), (text, name) => {
    const told = escapeXml(text).replaceAll('"', "&quot;");
    assert.equal(textOf(`<a:${name} b="1">${told}</a:${name}>`, name), text.trim());
  }));
  fc.assert(fc.property(fc.string(), (text) => {
    elementsOf(text, "service");
    refusalIn(text);
    locationIn(new TextEncoder().encode(text), "192.168.1.1");
  }));
});
