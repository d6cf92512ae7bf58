import { memo } from "preact/compat";
import { formatClock } from "../lib/format.ts";
import { type NewsItem, newsText } from "../lib/news.ts";

/** As many as are read at a glance. */
const SHOWN = 4;

/** Machines that joined and left, newest first; announced to screen readers as it happens. */
export const NewsList = memo(({ news }: { news: readonly NewsItem[] }) => (
  <ul class="news" aria-live="polite" aria-label="Machines that joined and left">
    {news.slice(0, SHOWN).map((item) => (
      <li key={item.id} data-change={item.change}>
        <span class="dot" aria-hidden="true" />
        <bdi>{newsText(item)}</bdi>
        <time class="muted push">{formatClock(item.atMs)}</time>
      </li>
    ))}
  </ul>
));
