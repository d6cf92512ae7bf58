import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { CHART_SPAN_S } from "../lib/defaults.ts";
import { formatClock } from "../lib/format.ts";
import { useWidth } from "../hooks/use_size.ts";

interface ChartProps {
  readonly title: string;
  /** The latest value, in words. */
  readonly now: string;
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly shape: "line" | "bars";
  readonly format: (value: number) => string;
}

const HEIGHT_PX = 124;

/** The page's own colours: a canvas does not inherit them. */
function colours(element: Element) {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return { accent: read("--accent"), muted: read("--muted"), line: read("--line") };
}

type OptionsOf = Pick<ChartProps, "format" | "shape"> & { readonly width: number };

function clock(seconds: number): string {
  return formatClock(seconds * 1000).slice(0, "00:00".length);
}

function optionsOf(element: Element, { width, format, shape }: OptionsOf): uPlot.Options {
  const { accent, muted, line } = colours(element);
  const paths = shape === "bars" ? uPlot.paths.bars?.({ size: [0.7, 12] }) : undefined;
  const axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (_plot, _min, max) => [max - CHART_SPAN_S, max] },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.15 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 70,
        values: (_plot, ticks) => ticks.map(clock),
      },
      { ...axis, size: 64, space: 36, values: (_plot, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      {
        stroke: accent,
        width: shape === "bars" ? 0 : 2,
        fill: shape === "bars" ? accent : `${accent}22`,
        points: { show: false },
        ...(paths === undefined ? {} : { paths }),
      },
    ],
  };
}

/** One line over time. Its latest value stands beside it as text. */
export function Chart({ title, now, times, values, shape, format }: ChartProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot | null>(null);
  const theme = document.documentElement.dataset.theme;
  useEffect(() => {
    if (box.current === null || width === 0) return;
    const made = new uPlot(optionsOf(box.current, { width, format, shape }), [[], []], box.current);
    plot.current = made;
    made.setData([[...times], [...values]]);
    return () => made.destroy();
  }, [width, theme, format, shape]);
  useEffect(() => plot.current?.setData([[...times], [...values]]), [times, values]);
  return (
    <figure class="card chart">
      <figcaption>
        <span class="muted">{title}</span>
        <strong>{now}</strong>
      </figcaption>
      <div ref={box} role="img" aria-label={`${title} over the last minutes; now ${now}`} />
    </figure>
  );
}
