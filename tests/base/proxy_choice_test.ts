import assert from "node:assert/strict";
import { proxyFor, proxySettings } from "../../src/base/proxy_choice.ts";

const P = "http://proxy.corp:3128";

const chosen: [env: Record<string, string>, url: string, proxy: string | null][] = [
  [{}, "https://hf.example/x", null],
  [{ HTTPS_PROXY: P }, "https://hf.example/x", P],
  [{ https_proxy: P, HTTPS_PROXY: "http://other:1" }, "https://hf.example/x", P],
  [{ HTTPS_PROXY: "proxy.corp:3128" }, "https://hf.example/x", P],
  [{ HTTP_PROXY: P }, "https://hf.example/x", null],
  [{ HTTP_PROXY: P }, "http://hf.example/x", P],
  [{ ALL_PROXY: P }, "https://hf.example/x", P],
  [{ HTTPS_PROXY: "" }, "https://hf.example/x", null],
  [{ HTTPS_PROXY: P, NO_PROXY: "*" }, "https://hf.example/x", null],
  [{ HTTPS_PROXY: P, NO_PROXY: "hf.example" }, "https://hf.example/x", null],
  [{ HTTPS_PROXY: P, NO_PROXY: "hf.example" }, "https://cdn.hf.example/x", null],
  [{ HTTPS_PROXY: P, NO_PROXY: "hf.example" }, "https://nothf.example/x", P],
  [{ HTTPS_PROXY: P, no_proxy: "a.example, .hf.example" }, "https://cdn.hf.example/x", null],
  [{ HTTPS_PROXY: P, NO_PROXY: "*.HF.example" }, "https://CDN.hf.example/x", null],
  [{ HTTPS_PROXY: P, NO_PROXY: "hf.example:8443" }, "https://hf.example/x", P],
  [{ HTTPS_PROXY: P, NO_PROXY: "hf.example:443" }, "https://hf.example/x", null],
  [{ HTTPS_PROXY: P, NO_PROXY: "10.0.0.0/8" }, "https://10.1.2.3/x", null],
  [{ HTTPS_PROXY: P, NO_PROXY: "10.0.0.0/8,fd00::/8" }, "https://[fd00::1]/x", null],
  [{ HTTPS_PROXY: P, NO_PROXY: "10.0.0.0/99,/,:,[]" }, "https://10.1.2.3/x", P],
  [{ HTTPS_PROXY: P }, "https://localhost:9337/x", null],
  [{ HTTPS_PROXY: P }, "https://127.0.0.1/x", null],
  [{ HTTPS_PROXY: P }, "https://[::1]/x", null],
];

for (const [env, url, proxy] of chosen) {
  Deno.test(`proxyFor() of ${url} with ${JSON.stringify(env)} is ${proxy}`, () => {
    assert.equal(proxyFor(proxySettings(env), new URL(url)), proxy);
  });
}
