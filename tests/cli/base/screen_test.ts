import assert from "node:assert/strict";
import { Screen } from "../../../src/cli/base/screen.ts";

function drawn(live: boolean, draw: (screen: Screen) => void): string {
  let text = "";
  draw(new Screen((part) => text += part, { live }));
  return text;
}

Deno.test("Screen draws the live line anew and prints lines in its place", () => {
  const text = drawn(true, (screen) => {
    screen.print("first\n");
    screen.showLive({ label: "Loading", text: "10 %" });
    screen.showLive({ label: "Loading", text: "20 %" });
    screen.print("done\n");
    screen.print("last\n");
  });
  assert.equal(text, "first\n\r\x1b[K10 %\r\x1b[K20 %\r\x1b[Kdone\nlast\n");
});

Deno.test("Screen tells a file once what goes on, and not how far it is", () => {
  const text = drawn(false, (screen) => {
    screen.showLive({ label: "Downloading", text: "10 %" });
    screen.showLive({ label: "Downloading", text: "20 %" });
    screen.showLive({ label: "Unpacking", text: "Unpacking" });
    screen.print("done\n");
  });
  assert.equal(text, "Downloading\nUnpacking\ndone\n");
});
