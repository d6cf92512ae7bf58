/** A node was to start, and neither its options nor its data directory say for what. */
export class NothingToServeError extends Error {
  override name = "NothingToServeError";
  constructor(dataDir: string) {
    super(
      `Nothing is to be served: no model is named, and ${dataDir} belongs to no mesh. ` +
        "Name a model with --model, join a mesh with --join, or try mesh-llm console",
    );
  }
}
