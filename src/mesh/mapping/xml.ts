/** As much of XML as the answers of routers need: they have no attributes that matter, and no entities but five. Pure. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&",
};

/** The contents of all elements of this name, whatever their namespace's prefix; of those in each other the inner ones. */
export function elementsOf(xml: string, name: string): string[] {
  const opening = new RegExp(`<(?:[\\w-]+:)?${name}(?:\\s[^>]*)?>`, "g");
  const closing = new RegExp(`</(?:[\\w-]+:)?${name}\\s*>`);
  const starts = [...xml.matchAll(opening)].map(({ index, 0: tag }) => index + tag.length);
  return starts.flatMap((start, at) => {
    const part = xml.slice(start, starts[at + 1]);
    const end = closing.exec(part);
    return end === null ? [] : [part.slice(0, end.index)];
  });
}

/** The text of the first element of this name. */
export function textOf(xml: string, name: string): string | undefined {
  const [text] = elementsOf(xml, name);
  return text?.trim().replaceAll(/&(?:lt|gt|quot|apos|amp);/g, (entity) => ENTITIES[entity]!);
}

export function escapeXml(text: string): string {
  return text.replaceAll(/[<>&]/g, (sign) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;" })[sign]!);
}
