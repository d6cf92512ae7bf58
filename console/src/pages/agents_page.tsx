import { useCallback, useState } from "preact/hooks";
import { CopyButton } from "../components/copy_button.tsx";
import { CommandLine } from "../components/command_line.tsx";
import { useFetched } from "../hooks/use_fetched.ts";
import { type AgentSettings, fetchAgents } from "../lib/api.ts";
import { displayName } from "../lib/format.ts";
import { limitsText } from "../lib/agent_limits.ts";
import type { ModelView } from "../lib/mesh_shapes.ts";
import "../styles/agents.css";

interface AgentsPageProps {
  readonly models: readonly ModelView[];
  readonly ownModel: string | null;
}

function Snippet({ label, text, what }: { label: string; text: string; what: string }) {
  return (
    <div class="code-block">
      <div class="code-head">
        <span class="muted">{label}</span>
        <CopyButton text={text} what={what} />
      </div>
      <pre tabIndex={0}><code>{text}</code></pre>
    </div>
  );
}

function AgentCard({ agent }: { agent: AgentSettings }) {
  const { title, about, docs, file, shell, id, warning } = agent;
  return (
    <li class="card agent" data-agent={id}>
      <div class="card-head">
        <h3>{title}</h3>
        <a
          class="push"
          href={docs}
          target="_blank"
          rel="noopener noreferrer"
          aria-label={`Documentation of ${title}, on ${new URL(docs).host}`}
        >
          Documentation
        </a>
      </div>
      <p class="muted">{about}</p>
      {warning !== null && <p class="problem agent-warning">{warning}</p>}
      {file !== null && (
        <Snippet label={`In ${file.path}`} text={file.text} what={`settings for ${title}`} />
      )}
      {shell !== "" && (
        <Snippet
          label="In a terminal"
          text={shell}
          what={`commands for ${title}`}
        />
      )}
    </li>
  );
}

/** How other programs use the mesh. */
export default function AgentsPage({ models, ownModel }: AgentsPageProps) {
  const warm = [...new Set(models.flatMap(({ name, state }) => state === "warm" ? name : []))];
  const [chosen, setChosen] = useState<string | null>(null);
  const model = chosen ?? (ownModel !== null && warm.includes(ownModel) ? ownModel : warm[0]) ??
    null;
  const load = useCallback((signal: AbortSignal) => fetchAgents(model, signal), [model]);
  const { value, problem, refresh } = useFetched(load, model);
  return (
    <div class="page agents">
      <header>
        <h1 class="page-title">Agents</h1>
        <p class="page-lead">
          Every program that speaks OpenAI's API can use the mesh: give it this address, any key,
          and the name of a model that is ready. For these the settings are ready to copy.
        </p>
      </header>
      <div class="agents-head">
        {value !== null && (
          <CommandLine id="api-url" label="Address of the API" command={`${value.apiUrl}/v1`} />
        )}
        {warm.length > 0 && (
          <label class="field">
            <span>Model</span>
            <select
              value={model ?? ""}
              onChange={(event) => setChosen(event.currentTarget.value)}
            >
              {warm.map((name) => <option key={name} value={name}>{displayName(name)}</option>)}
            </select>
          </label>
        )}
      </div>
      {value !== null && <p class="muted" id="agent-limits">{limitsText(value.limits)}</p>}
      {problem !== null && (
        <div class="row" role="alert">
          <p class="problem">{problem}</p>
          <button type="button" class="button small" onClick={refresh}>Ask again</button>
        </div>
      )}
      <ul class="agent-list">
        {value?.agents.map((agent) => <AgentCard key={agent.id} agent={agent} />)}
      </ul>
    </div>
  );
}
