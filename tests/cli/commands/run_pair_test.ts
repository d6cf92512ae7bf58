import assert from "node:assert/strict";
import { requestsText } from "../../../src/cli/commands/run_pair.ts";

Deno.test("a machine that asks is shown in one line, whatever it calls itself", () => {
  const request = { id: "a1", address: "192.168.1.5", sinceMs: 0, endsMs: 180_000, triesLeft: 3 };
  assert.equal(requestsText([], 0), "No machine asks to join\n");
  assert.equal(
    requestsText([{ ...request, name: "mini\u202e\x1b[31m\n" }], 60_500),
    "NAME       ADDRESS      TRIES LEFT  ENDS IN\n" +
      "mini [31m  192.168.1.5  3           120 s\n" +
      "Type the code that it shows: mesh-llm pair accept CODE\n",
  );
});
