/** The list of licences is made with the executable, and this is the program from its source. */
export class LicensesMissingError extends Error {
  override name = "LicensesMissingError";
  constructor() {
    super(
      "The list of licences is made with the executable, and this is mesh-llm from its source: " +
        "deno run -A scripts/licenses.ts prints it",
    );
  }
}
