/**
 * Markdown as a tree of what may be shown. No HTML is made anywhere: raw HTML in a text is text, an image is
 * a link to it, and a link that leads anywhere but to the web is text as well. Pure.
 */

import MarkdownIt from "markdown-it";

export type MarkdownNode =
  | string
  | { readonly kind: "element"; readonly tag: string; readonly children: readonly MarkdownNode[] }
  | {
    readonly kind: "link";
    readonly href: string;
    /** The host of the link, if its text does not say so. */
    readonly host: string | null;
    readonly children: readonly MarkdownNode[];
  }
  | { readonly kind: "list"; readonly start: number; readonly children: readonly MarkdownNode[] }
  | {
    readonly kind: "cell";
    readonly tag: "td" | "th";
    readonly align: string;
    readonly children: readonly MarkdownNode[];
  }
  | { readonly kind: "code"; readonly language: string; readonly text: string };

/** One paragraph, list, table or the like, with the text that it was made of. */
export interface MarkdownBlock {
  readonly source: string;
  readonly nodes: readonly MarkdownNode[];
}

const markdown = new MarkdownIt({ html: false, linkify: true });

type Token = ReturnType<typeof markdown.parse>[number];

/** Elements that are made of a token's tag as they are. */
const PLAIN_TAGS = new Set(
  "p h1 h2 h3 h4 h5 h6 ul li blockquote strong em s table thead tbody tr code hr br".split(" "),
);

interface Open {
  readonly token: Token | null;
  readonly children: MarkdownNode[];
}

function attribute(token: Token, name: string): string {
  return String(token.attrGet(name) ?? "");
}

function webAddress(href: string): URL | null {
  const url = URL.parse(href);
  return url !== null && ["http:", "https:", "mailto:"].includes(url.protocol) ? url : null;
}

function plainText(nodes: readonly MarkdownNode[]): string {
  return nodes.map((node) => {
    if (typeof node === "string") return node;
    return "children" in node ? plainText(node.children) : node.text;
  }).join("");
}

function link(href: string, children: readonly MarkdownNode[]): MarkdownNode[] {
  const url = webAddress(href);
  if (url === null) return [...children];
  const target = url.host || url.pathname;
  const host = plainText(children).includes(target) ? null : target;
  return [{ kind: "link", href: url.href, host, children }];
}

function image(token: Token): MarkdownNode[] {
  const label = token.content || "image";
  return link(attribute(token, "src"), [`Image: ${label}`]);
}

/** The content between a pair of tokens, as a node. */
function close({ token, children }: Open): MarkdownNode[] {
  if (token === null || token.hidden) return children;
  const { tag } = token;
  if (tag === "a") return link(attribute(token, "href"), children);
  if (tag === "ol") {
    return [{ kind: "list", start: Number(attribute(token, "start") || 1), children }];
  }
  if (tag === "td" || tag === "th") {
    const align = /right|center/.exec(attribute(token, "style"))?.[0] ?? "left";
    return [{ kind: "cell", tag, align, children }];
  }
  return PLAIN_TAGS.has(tag) ? [{ kind: "element", tag, children }] : children;
}

function leaf(token: Token): MarkdownNode[] {
  switch (token.type) {
    case "inline":
      return treeOf(token.children ?? []);
    case "image":
      return image(token);
    case "softbreak":
      return ["\n"];
    case "hardbreak":
    case "hr":
      return [{ kind: "element", tag: token.tag, children: [] }];
    case "code_inline":
      return [{ kind: "element", tag: "code", children: [token.content] }];
    case "fence":
    case "code_block": {
      const language = token.info.trim().split(/\s+/)[0] ?? "";
      return [{ kind: "code", language, text: token.content.replace(/\n$/, "") }];
    }
    default:
      return token.content === "" ? [] : [token.content];
  }
}

/** Tokens come as a flat list of opens, closes and leaves. */
function treeOf(tokens: readonly Token[]): MarkdownNode[] {
  const stack: Open[] = [{ token: null, children: [] }];
  const add = (nodes: readonly MarkdownNode[]) => stack.at(-1)?.children.push(...nodes);
  for (const token of tokens) {
    if (token.nesting === 1) stack.push({ token, children: [] });
    else if (token.nesting === 0) add(leaf(token));
    else {
      const ended = stack.pop();
      if (ended !== undefined) add(close(ended));
    }
  }
  return stack.flatMap(({ children }) => children);
}

/** The blocks of a text in order: a growing answer changes its last one and no other. */
export function markdownBlocks(text: string): MarkdownBlock[] {
  const lines = text.split("\n");
  const blocks: MarkdownBlock[] = [];
  let group: Token[] = [];
  let depth = 0;
  for (const token of markdown.parse(text, {})) {
    group.push(token);
    depth += token.nesting;
    if (depth > 0) continue;
    const [from, to] = group[0]?.map ?? [0, 0];
    blocks.push({ source: lines.slice(from, to).join("\n"), nodes: treeOf(group) });
    group = [];
  }
  return blocks;
}
