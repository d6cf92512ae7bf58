import assert from "node:assert/strict";
import fc from "fast-check";
import {
  clampFraction,
  countOf,
  displayName,
  displayText,
  formatBytes,
  formatDuration,
  formatProgress,
  formatRate,
  formatRoundTrip,
  listNames,
  shortId,
  wholePercentages,
} from "../../console/src/lib/format.ts";
import { ApiError } from "../../console/src/lib/api_error.ts";

/** A number and its unit are joined by a space that does not break. */
const plain = (text: string) => text.replaceAll("\u00a0", " ");

Deno.test("formatBytes() counts in decimal units with at most one decimal", () => {
  const table: [number, string][] = [
    [0, "0 B"],
    [-1, "0 B"],
    [NaN, "0 B"],
    [Infinity, "0 B"],
    [1, "1 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [1_500_000, "1.5 MB"],
    [999_949_999, "1 GB"],
    [8e9, "8 GB"],
    [46.23e9, "46.2 GB"],
    [99.96e9, "100 GB"],
    [128.4e9, "128 GB"],
    [1e12, "1 TB"],
    [5e18, "5000 PB"],
  ];
  for (const [bytes, text] of table) assert.equal(plain(formatBytes(bytes)), text, `${bytes}`);
});

Deno.test("formatBytes() never shows four digits below its largest unit", () => {
  fc.assert(fc.property(fc.double({ min: 1, max: 9e17, noNaN: true }), (bytes) => {
    assert.match(plain(formatBytes(bytes)), /^\d{1,3}(\.\d)? (B|kB|MB|GB|TB|PB)$/);
  }));
});

Deno.test("formatProgress() says 100 % only at the end", () => {
  assert.equal(plain(formatProgress(0)), "0 %");
  assert.equal(plain(formatProgress(0.999)), "99 %");
  assert.equal(plain(formatProgress(1)), "100 %");
  assert.equal(plain(formatProgress(7)), "100 %");
  assert.equal(plain(formatProgress(NaN)), "0 %");
});

Deno.test("clampFraction() stays between 0 and 1 whatever comes in", () => {
  fc.assert(fc.property(fc.double(), (value) => {
    const fraction = clampFraction(value);
    assert.ok(fraction >= 0 && fraction <= 1);
  }));
});

Deno.test("wholePercentages() of shares add up to 100 and miss none by a whole percent", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(fc.array(share, { minLength: 1, maxLength: 50 }), (shares) => {
    const sum = shares.reduce((total, value) => total + value, 0);
    fc.pre(sum > 1e-6);
    const percents = wholePercentages(shares);
    assert.equal(percents.reduce((total, value) => total + value, 0), 100);
    percents.forEach((percent, index) => {
      assert.ok(Math.abs(percent - ((shares[index] ?? 0) / sum) * 100) < 1);
    });
  }));
});

Deno.test("wholePercentages() gives the rest to the largest remainder, the first one first", () => {
  assert.deepEqual(wholePercentages([1, 1, 1]), [34, 33, 33]);
  assert.deepEqual(wholePercentages([0.6, 0.4]), [60, 40]);
  assert.deepEqual(wholePercentages([2, 1]), [67, 33]);
  assert.deepEqual(wholePercentages([0, NaN, -1]), [0, 0, 0]);
  assert.deepEqual(wholePercentages([]), []);
});

Deno.test("formatRoundTrip() says what was measured, and no more digits than count", () => {
  const shown = [0.31, 2.0700220000071567, 20.5, 40, 99.96, 182.4].map((ms) =>
    plain(formatRoundTrip(ms))
  );
  assert.deepEqual(shown, ["0.3 ms", "2.1 ms", "20.5 ms", "40 ms", "100 ms", "182 ms"]);
});

Deno.test("formatDuration() chooses a unit that reads well", () => {
  const table: [number, string][] = [
    [0, "0 ms"],
    [0.42, "0.4 ms"],
    [9.96, "10 ms"],
    [12.4, "12 ms"],
    [999.4, "999 ms"],
    [999.6, "1 s"],
    [1234, "1.2 s"],
    [59_940, "59.9 s"],
    [59_960, "1 min 0 s"],
    [125_000, "2 min 5 s"],
  ];
  for (const [ms, text] of table) assert.equal(plain(formatDuration(ms)), text, `${ms}`);
});

Deno.test("formatRate() and countOf() name their unit", () => {
  assert.equal(plain(formatRate(12.34)), "12.3 tokens/s");
  assert.equal(plain(formatRate(2089.9)), "2090 tokens/s");
  assert.equal(plain(countOf(1, "machine")), "1 machine");
  assert.equal(plain(countOf(0, "machine")), "0 machines");
});

Deno.test("listNames() joins a few names and counts the rest", () => {
  assert.equal(listNames([]), "");
  assert.equal(listNames(["a"]), "a");
  assert.equal(listNames(["a", "b"]), "a and b");
  assert.equal(listNames(["a", "b", "c"]), "a, b and c");
  assert.equal(listNames(["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
});

Deno.test("displayName() leaves one short line without direction tricks", () => {
  assert.equal(displayName("  studio "), "studio");
  assert.equal(displayName("evil\u202egpj.exe\u0000\n"), "evilgpj.exe");
  assert.equal(displayName("日本のマシン 🖥️"), "日本のマシン 🖥️");
  assert.equal([...displayName("🦙".repeat(100))].length, 64);
  const id = displayName(`${"long".repeat(40)}@3f9a01bc`);
  assert.equal(id.length, 64);
  assert.ok(id.endsWith("…@3f9a01bc"), id);
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (name) => {
    const shown = displayName(name);
    assert.ok([...shown].length <= 64);
    assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }));
});

Deno.test("displayText() leaves one line of a sentence, whatever stands in it", () => {
  assert.equal(
    displayText("It broke:\n\x1b[31mWarning\u202e: a\u200bb"),
    "It broke:  [31mWarning : a b",
  );
  assert.equal(displayText("x".repeat(63_000)).length, 2_001);
  assert.equal(new ApiError("a\nb", 500).message, "a b");
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.doesNotMatch(displayText(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }));
});

Deno.test("shortId() keeps the end, which differs most", () => {
  assert.equal(shortId("12D3KooWAbCdEf"), "…AbCdEf");
});
