import { useCallback, useState } from "preact/hooks";
import { CopyButton } from "../components/copy_button.tsx";
import { CommandLine } from "../components/command_line.tsx";
import { useFetched } from "../hooks/use_fetched.ts";
import type { Commands } from "../../../src/api/base/types.ts";
import { ApiKeys } from "../components/api_keys.tsx";
import { addressText, openingCommand } from "../lib/agent_access.ts";
import { type Agents, type AgentSettings, fetchAgents, type MadeKey } from "../lib/api.ts";
import { displayName } from "../lib/format.ts";
import { modelText } from "../lib/words.ts";
import { agentModels, announcedLimits, limitsText, optionText } from "../lib/agent_limits.ts";
import type { ModelView } from "../lib/mesh_shapes.ts";
import "../styles/agents.css";

interface AgentsPageProps {
  readonly models: readonly ModelView[];
  readonly ownModel: string | null;
  readonly commands: Commands;
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

function AgentCard({ agent, commonTest }: { agent: AgentSettings; commonTest: string }) {
  const { title, about, docs, file, shell, id, warning, test } = agent;
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
      {test !== commonTest && (
        <Snippet label="Test of its own path" text={test} what={`test for ${title}`} />
      )}
    </li>
  );
}

interface ReachProps {
  readonly agents: Agents;
  readonly commands: Commands;
  readonly onAddress: (url: string) => void;
}

/** The address, and the way to more of them. */
function Reach({ agents: { apiUrl, addresses, test }, commands, onAddress }: ReachProps) {
  const opening = openingCommand(addresses, commands);
  return (
    <>
      <CommandLine id="api-url" label="Address of the API" command={`${apiUrl}/v1`} />
      {addresses.length > 1 && (
        <label class="field">
          <span>Reached by</span>
          <select value={apiUrl} onChange={(event) => onAddress(event.currentTarget.value)}>
            {addresses.map((address) => (
              <option key={address.url} value={address.url}>{addressText(address)}</option>
            ))}
          </select>
        </label>
      )}
      {opening !== null && (
        <CommandLine
          id="open-api"
          label="Start that lets other machines in, with a key"
          command={opening}
        />
      )}
      <CommandLine id="agents-test" label="Test of these settings" command={test} />
    </>
  );
}

/** How other programs use the mesh. */
export default function AgentsPage({ models, ownModel, commands }: AgentsPageProps) {
  const offered = agentModels(models);
  const names = offered.map(({ name }) => name);
  const [chosen, setChosen] = useState<string | null>(null);
  const [address, setAddress] = useState<string | null>(null);
  const [made, setMade] = useState<MadeKey | null>(null);
  const apiKey = made?.key ?? null;
  const model = chosen ?? (ownModel !== null && names.includes(ownModel) ? ownModel : names[0]) ??
    null;
  const view = models.find(({ name }) => name === model);
  const load = useCallback(
    (signal: AbortSignal) => fetchAgents({ model, address, apiKey }, signal),
    [model, address, apiKey],
  );
  const announced = announcedLimits(view);
  const { value, problem, refresh } = useFetched(load, announced);
  return (
    <div class="page agents">
      <header>
        <h1 class="page-title">Agents</h1>
        <p class="page-lead">
          Every program that speaks OpenAI's API can use the mesh: give it this address, a key, and
          the name of a model that is ready, or about to be. For these the settings are ready to
          copy.
        </p>
      </header>
      <div class="agents-head">
        {offered.length > 0 && (
          <label class="field">
            <span>Model</span>
            <select
              value={model ?? ""}
              onChange={(event) => setChosen(event.currentTarget.value)}
            >
              {offered.map((one) => (
                <option key={one.name} value={one.name}>{optionText(one)}</option>
              ))}
            </select>
          </label>
        )}
        {value !== null && <Reach agents={value} commands={commands} onAddress={setAddress} />}
      </div>
      {view !== undefined && view.state !== "warm" && (
        <p class="muted" id="agent-model">
          <bdi>{displayName(view.name)}</bdi>: {modelText(view)}.
        </p>
      )}
      {value !== null && <p class="muted" id="agent-limits">{limitsText(value.limits)}</p>}
      {problem !== null && (
        <div class="row" role="alert">
          <p class="problem">{problem}</p>
          <button type="button" class="button small" onClick={refresh}>Ask again</button>
        </div>
      )}
      {value !== null && (
        <ApiKeys
          keyed={value.keyed}
          made={made}
          onMade={setMade}
          onRemoved={(name) => {
            if (name === made?.name) setMade(null);
            refresh();
          }}
        />
      )}
      <ul class="agent-list">
        {value?.agents.map((agent) => (
          <AgentCard key={agent.id} agent={agent} commonTest={value.test} />
        ))}
      </ul>
    </div>
  );
}
