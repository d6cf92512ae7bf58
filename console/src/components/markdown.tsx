import type { JSX } from "preact";
import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";
import { createElement } from "preact";
import { type MarkdownBlock, markdownBlocks, type MarkdownNode } from "../lib/markdown.ts";
import { CodeBlock } from "./code_block.tsx";

type Shown = JSX.Element | string;

function shown(node: MarkdownNode, key: number, growing: boolean): Shown {
  if (typeof node === "string") return node;
  if (node.kind === "code") return <CodeBlock key={key} {...node} plain={growing} />;
  const children = node.children.map((child, index) => shown(child, index, growing));
  switch (node.kind) {
    case "list":
      return <ol key={key} start={node.start}>{children}</ol>;
    case "cell":
      return createElement(node.tag, { key, "data-align": node.align }, children);
    case "link":
      return (
        <span key={key}>
          <a href={node.href} target="_blank" rel="noopener noreferrer nofollow">{children}</a>
          {node.host !== null && <span class="muted link-host">({node.host})</span>}
        </span>
      );
    case "element":
      if (node.tag === "table") {
        return (
          <div key={key} class="table-box" tabIndex={0}>
            <table>{children}</table>
          </div>
        );
      }
      return createElement(node.tag, { key }, node.children.length === 0 ? null : children);
  }
}

interface BlockProps {
  readonly block: MarkdownBlock;
  /** Its text is still being written. */
  readonly growing: boolean;
}

/** Drawn again only when its own text changes. */
const Block = memo(
  ({ block, growing }: BlockProps) => (
    <>{block.nodes.map((node, index) => shown(node, index, growing))}</>
  ),
  (before, after) => before.block.source === after.block.source && before.growing === after.growing,
);

/** A model's text as Markdown. Nothing in it runs, loads or leads anywhere without a click. */
export default function Markdown({ text, open }: { text: string; open: boolean }) {
  const blocks = useMemo(() => markdownBlocks(text), [text]);
  return (
    <>
      {blocks.map((block, index) => (
        <Block key={index} block={block} growing={open && index === blocks.length - 1} />
      ))}
    </>
  );
}
