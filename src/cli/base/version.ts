import manifest from "../../../package.json" with { type: "json" };

/** Of this program, as `--version` and the node's status give it. */
export const VERSION: string = manifest.version;

/** The project's public page, whose releases are looked for: package.json is the only place. */
export const REPOSITORY: string = manifest.repository;
