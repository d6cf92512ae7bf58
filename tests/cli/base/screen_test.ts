import assert from "node:assert/strict";
import { Screen } from "../../../src/cli/base/screen.ts";

function drawn(live: boolean, draw: (screen: Screen) => void): string {
  let text = "";
  draw(new Screen((part) => text += part, { live }));
  return text;
}

const line = (label: string, text: string, task?: string) => ({
  label,
  text,
  brief: `${label} ${text}`,
  ...(task === undefined ? {} : { task }),
});

Deno.test("Screen draws the live line anew and prints lines in its place", () => {
  const text = drawn(true, (screen) => {
    screen.print("first\n");
    screen.showLive(line("Loading", "10 %"));
    screen.showLive(line("Loading", "20 %"));
    screen.print("done\n");
    screen.print("last\n");
  });
  assert.equal(text, "first\n\r\x1b[K10 %\r\x1b[K20 %\r\x1b[Kdone\nlast\n");
});

Deno.test("Screen tells a file once what goes on, and not how far it is", () => {
  const text = drawn(false, (screen) => {
    screen.showLive(line("Downloading", "10 %"));
    screen.showLive(line("Downloading", "20 %"));
    screen.showLive(line("Unpacking", "Unpacking"));
    screen.print("done\n");
  });
  assert.equal(text, "Downloading\nUnpacking\ndone\n");
});

Deno.test("Screen shows a load and a download beside each other, until one is told to have ended", () => {
  const text = drawn(true, (screen) => {
    screen.showLive(line("Loading", "10 %", "a"));
    screen.showLive(line("Downloading", "5 %", "b"));
    screen.showLive(line("Loading", "20 %", "a"));
    screen.print("done\n");
    screen.showLive(line("Downloading", "6 %", "b"));
  });
  assert.equal(
    text.replaceAll("\r\x1b[K", "|"),
    "|10 %|Loading 10 %, Downloading 5 %|Loading 20 %, Downloading 5 %|done\n|6 %",
  );
});

Deno.test("Screen shows the latest of many tasks, and keeps no others", () => {
  const text = drawn(true, (screen) => {
    for (let task = 0; task < 9; task++) screen.showLive(line(`${task}`, "x", `${task}`));
  });
  assert.equal(text.split("\r\x1b[K").at(-1), "5 x, 6 x, 7 x, 8 x");
});

Deno.test("Screen tells a file once of each of two tasks", () => {
  const text = drawn(false, (screen) => {
    for (const percent of ["1 %", "2 %"]) {
      screen.showLive(line("Loading", percent, "a"));
      screen.showLive(line("Downloading", percent, "b"));
      screen.print(`${percent}\n`);
    }
  });
  assert.equal(text, "Loading\nDownloading\n1 %\n2 %\n");
});
