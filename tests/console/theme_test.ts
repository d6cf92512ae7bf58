import assert from "node:assert/strict";

const css = await Deno.readTextFile(
  new URL("../../console/src/styles/theme.css", import.meta.url),
);

/** The colours of the dark theme, and of the light one over it. */
function colours(theme: "dark" | "light"): Map<string, string> {
  const [dark = "", light = ""] = css.split(':root[data-theme="light"]');
  const text = theme === "dark" ? dark : dark + light;
  return new Map([...text.matchAll(/--([\w-]+): (#[0-9a-f]+);/g)].map(([, name = "", hex = ""]) => [
    name,
    hex,
  ]));
}

/** Relative luminance as WCAG 2 defines it. */
function luminance(hex: string): number {
  const digits = hex.length === 4 ? hex.replace(/[0-9a-f]/g, "$&$&") : hex;
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = parseInt(digits.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const PAIRS = [
  ...["text", "muted", "accent", "danger"].flatMap((text) =>
    ["ground", "surface", "raised"].map((ground) => [text, ground] as const)
  ),
  ["on-accent", "accent"] as const,
];

for (const theme of ["dark", "light"] as const) {
  Deno.test(`the ${theme} theme keeps 4.5:1 between every text and its ground`, () => {
    const values = colours(theme);
    for (const [text, ground] of PAIRS) {
      const ratio = contrast(values.get(text) ?? "", values.get(ground) ?? "");
      assert.ok(ratio >= 4.5, `${text} on ${ground}: ${ratio.toFixed(2)}`);
    }
  });
}
