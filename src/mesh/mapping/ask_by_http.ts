import http, { type IncomingMessage } from "node:http";
import { wholeText } from "../../base/whole_text.ts";
import { MAX_UPNP_BYTES, UPNP_ANSWER_MS } from "./defaults.ts";

export interface HttpQuestion {
  readonly url: URL;
  /** With a body it is a call of UPnP. */
  readonly call?: { readonly action: string; readonly body: string };
  readonly signal: AbortSignal;
}

/** Asks a router itself, never a proxy, and follows it nowhere. @throws where it does not answer in time, or too much. */
export async function askByHttp({ url, call, signal }: HttpQuestion): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(UPNP_ANSWER_MS)]);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = http.request(url, { signal: limit, agent: false, ...callOptions(call) });
    request.on("response", resolve);
    request.on("error", reject);
    request.end(call?.body);
  });
  return await wholeText(answer, MAX_UPNP_BYTES);
}

function callOptions(call: HttpQuestion["call"]) {
  if (call === undefined) return { method: "GET" };
  return {
    method: "POST",
    headers: {
      "content-type": 'text/xml; charset="utf-8"',
      "content-length": String(new TextEncoder().encode(call.body).length),
      soapaction: `"${call.action}"`,
    },
  };
}
