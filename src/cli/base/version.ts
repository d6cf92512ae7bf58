import manifest from "../../../package.json" with { type: "json" };

/** Of this program, as `--version` and the node's status give it. */
export const VERSION: string = manifest.version;
