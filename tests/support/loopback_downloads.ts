/**
 * The program, but its downloads may come from this machine: otherwise only public addresses are asked.
 * Run with the arguments of the program; `TEST_HUB` is the hub, by plain http.
 */

import { serveWith } from "./serve_with.ts";

const downloadRules = {
  allowsUrl: ({ hostname }: URL) => hostname === "127.0.0.1",
  allowsAddress: (address: string) => address === "127.0.0.1",
};

await serveWith({ downloadRules }, {
  models: { hub: { endpoint: Deno.env.get("TEST_HUB") ?? "", token: null } },
});
