import type { ComponentChildren, ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

interface LaterProps<Props> {
  /** Imports the component; the browser keeps what it has brought. */
  readonly load: () => Promise<{ default: ComponentType<Props> }>;
  readonly props: Props;
  /** Shown until then, and where it can't be had. */
  readonly meanwhile?: ComponentChildren;
}

type Loaded<Props> =
  | { readonly kind: "loading" }
  | {
    readonly kind: "ready";
    /** The load that brought it: the place may have been given to another part since. */
    readonly by: LaterProps<Props>["load"];
    readonly Component: ComponentType<Props>;
  }
  | { readonly kind: "failed"; readonly by: LaterProps<Props>["load"] };

/** A part of the page that is fetched when it is first shown. */
export function Later<Props extends object>(
  { load, props, meanwhile }: LaterProps<Props>,
): JSX.Element {
  const [loaded, setLoaded] = useState<Loaded<Props>>({ kind: "loading" });
  const [attempt, setAttempt] = useState(1);
  useEffect(() => {
    let wanted = true;
    load().then(
      (module) => wanted && setLoaded({ kind: "ready", by: load, Component: module.default }),
      () => wanted && setLoaded({ kind: "failed", by: load }),
    );
    return () => {
      wanted = false;
    };
  }, [load, attempt]);
  if (loaded.kind === "ready" && loaded.by === load) return <loaded.Component {...props} />;
  if (meanwhile !== undefined) return <>{meanwhile}</>;
  if (loaded.kind !== "failed" || loaded.by !== load) {
    return <p class="empty" role="status">One moment…</p>;
  }
  return (
    <div class="empty" role="alert">
      <p>This part of the page could not be loaded.</p>
      <button
        type="button"
        class="button"
        onClick={() => {
          setLoaded({ kind: "loading" });
          setAttempt(attempt + 1);
        }}
      >
        Try again
      </button>
    </div>
  );
}
