import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { displayName } from "../lib/format.ts";
import { type CodeNode, highlight } from "../lib/highlight.ts";
import { CopyButton } from "./copy_button.tsx";

interface CodeBlockProps {
  readonly language: string;
  readonly text: string;
  /** Without colours: code that is being written would be coloured anew with every token. */
  readonly plain: boolean;
}

function shown(node: CodeNode, key: number): JSX.Element | string {
  if (typeof node === "string") return node;
  return <span key={key} class={node.className}>{node.children.map(shown)}</span>;
}

export function CodeBlock({ language, text, plain }: CodeBlockProps) {
  const nodes = useMemo(() => plain ? [text] : highlight(text, language), [text, language, plain]);
  return (
    <div class="code-block">
      <div class="code-head">
        <span class="muted">{displayName(language) || "text"}</span>
        <CopyButton text={text} what="this code" />
      </div>
      <pre tabIndex={0}><code>{nodes.map(shown)}</code></pre>
    </div>
  );
}
