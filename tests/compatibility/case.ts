/** A feature of a client library: one row of docs/compatibility.md. */
export interface Case {
  readonly client: string;
  readonly feature: string;
  /** @throws where it does not work. */
  run(served: Served): Promise<void>;
}

/** Makes rows of a client whose package is loaded only where a row runs. */
export function lazyRow<Client>(client: string, load: (served: Served) => Promise<Client>) {
  return (feature: string, run: (served: Served, client: Client) => Promise<void>): Case => ({
    client,
    feature,
    run: async (served) => await run(served, await load(served)),
  });
}

/** The server of a case, and the models that are served there. */
export interface Served {
  /** Of the API, without a trailing slash. */
  readonly url: string;
  readonly chat: string;
  readonly embeddings: string;
  readonly reranking: string;
  /** The chat model's answer to `hello` at temperature 0. */
  readonly hello: string;
}

/** A tool for the guide, whose arguments any small grammar can fill. */
export const WEATHER = {
  name: "weather",
  description: "The weather of a city",
  schema: {
    type: "object",
    properties: { city: { type: "string", enum: ["Bern", "Oslo"] } },
    required: ["city"],
    additionalProperties: false,
  },
} as const;

export const CITIES: readonly unknown[] = WEATHER.schema.properties.city.enum;
