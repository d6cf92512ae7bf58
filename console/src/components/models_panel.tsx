import { memo } from "preact/compat";
import {
  countOf,
  displayName,
  formatBytes,
  formatPercent,
  formatProgress,
  formatRate,
} from "../lib/format.ts";
import type { InstanceView, ModelView, ShareOf } from "../lib/mesh_shapes.ts";
import { hrefOf } from "../lib/route.ts";
import { instanceText, modelText, roomText, STATE_TEXT } from "../lib/words.ts";
import { Bar } from "./bar.tsx";

function SharesBar({ shares }: { shares: readonly ShareOf[] }) {
  return (
    <div class="shares-bar" aria-hidden="true">
      {shares.map(({ id, percent }) => <span key={id} style={{ flexGrow: percent }} />)}
    </div>
  );
}

/** The machines that run one copy: in words, and once it is warm as a bar. */
function Shares({ instance }: { instance: InstanceView }) {
  return (
    <div class="shares">
      {instance.state === "warm" && <SharesBar shares={instance.shares} />}
      <ul class="shares-legend">
        {instance.shares.map((share) => (
          <li key={share.id}>
            <bdi>{share.name}</bdi>{" "}
            <span class="muted">{formatPercent(share.percent)}{share.isHost && ", host"}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function LoadingBar({ name, progress }: { name: string; progress: number | null }) {
  const text = progress === null ? "Starting" : `${formatProgress(progress)} loaded`;
  return (
    <div class="bar-line">
      <Bar
        role="progressbar"
        label={`Loading ${displayName(name)}`}
        text={text}
        fraction={progress ?? 0}
      />
      <span class="muted">{text}</span>
    </div>
  );
}

function MemoryNeeded({ model }: { model: ModelView }) {
  if (model.shortage === null) return null;
  return (
    <Bar
      label={`Memory for ${displayName(model.name)}`}
      text={modelText(model)}
      fraction={model.shortage.haveBytes / model.shortage.needBytes}
    />
  );
}

function Notes({ notes }: { notes: readonly string[] }) {
  return (
    <>
      {notes.map((note) => (
        <p key={note} class="muted">
          <bdi>{note}</bdi>
        </p>
      ))}
    </>
  );
}

/** One of several copies: where it is, how it is, why it is there. */
function InstanceRow({ model, instance }: { model: ModelView; instance: InstanceView }) {
  const { host, state, mode, progress, why, reason, notes } = instance;
  return (
    <li class="instance" data-instance={host} data-state={state}>
      <p class="facts">
        <bdi>{instanceText(instance)}</bdi>
        <span class="badge" data-state={state}>{STATE_TEXT[state]}</span>
        {why !== null && <span class="muted">because {why}</span>}
        {roomText(instance) !== null && <span class="muted">{roomText(instance)}</span>}
        {instance.rate !== null && <span class="muted">{formatRate(instance.rate)}</span>}
      </p>
      {reason !== null && (
        <p class="muted">
          <bdi>{reason}</bdi>
        </p>
      )}
      {state === "loading" && <LoadingBar name={model.name} progress={progress} />}
      {mode === "split" && state !== "waiting" && <Shares instance={instance} />}
      <Notes notes={notes} />
    </li>
  );
}

/** More copies than one reads; a mesh may have a thousand machines. */
const INSTANCES_SHOWN = 8;

/** Each copy of a model that has several. */
function Instances({ model }: { model: ModelView }) {
  const more = model.instances.length - INSTANCES_SHOWN;
  return (
    <>
      <ul class="instances">
        {model.instances.slice(0, INSTANCES_SHOWN).map((instance, index) => (
          <InstanceRow key={`${index} ${instance.host}`} model={model} instance={instance} />
        ))}
      </ul>
      {more > 0 && <p class="muted">and {more} more</p>}
    </>
  );
}

export const ModelRow = memo(({ model }: { model: ModelView }) => {
  const [only, ...others] = model.instances;
  const one = others.length === 0 ? only : undefined;
  return (
    <li class="card model" data-model={model.name} data-state={model.state}>
      <div class="card-head">
        <h3>
          <bdi>{displayName(model.name)}</bdi>
        </h3>
        <span class="badge push" data-state={model.state}>{STATE_TEXT[model.state]}</span>
      </div>
      {model.state === "waiting" && <MemoryNeeded model={model} />}
      {others.length === 0 && model.state === "loading" && (
        <LoadingBar name={model.name} progress={model.progress} />
      )}
      {one?.mode === "split" && one.state !== "waiting" && <Shares instance={one} />}
      <p class="muted facts">
        <bdi>{modelText(model)}</bdi>
        {one?.why && <span>because {one.why}</span>}
        {one !== undefined && roomText(one) !== null && <span>{roomText(one)}</span>}
        {one !== undefined && one.rate !== null && <span>{formatRate(one.rate)}</span>}
        {model.sizeBytes > 0 && <span>{formatBytes(model.sizeBytes)} file</span>}
      </p>
      {one !== undefined && <Notes notes={one.notes} />}
      {others.length > 0 && <Instances model={model} />}
    </li>
  );
});

/** As many as stand beside the picture of a large mesh. */
const SHOWN = 8;

/** The models that somebody serves, or wants served. All others are on a page of their own. */
export const ServedModels = memo(({ models }: { models: readonly ModelView[] }) => {
  const served = models.filter(({ state }) => state !== "cold");
  const shown = served.slice(0, SHOWN);
  const others = models.length - shown.length;
  return (
    <section class="panel models" aria-labelledby="models-title">
      <h2 id="models-title">Models</h2>
      {served.length === 0 && (
        <p class="empty">No machine serves a model. The first one that does appears here.</p>
      )}
      <ul class="cards">
        {shown.map((model) => <ModelRow key={model.name} model={model} />)}
      </ul>
      <a class="more" href={hrefOf("models")}>
        {others > 0
          ? `${countOf(others, "more model")}, and what else fits`
          : "Find a model that fits"}
      </a>
    </section>
  );
});
