/** The file can't be right, whatever the state of the machine. */
export class ConfigFileError extends Error {
  override name = "ConfigFileError";
}
