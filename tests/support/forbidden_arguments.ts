import { REFUSED, SET_INSTEAD } from "../../src/base/refused_arguments.ts";

/** Every argument that no user may set, as it is listed, and some more as somebody might hide it. */
export function forbiddenArguments(): {
  readonly name: string;
  readonly args: readonly string[];
}[] {
  const listed = [...REFUSED.keys(), ...SET_INSTEAD.keys()].flatMap((name) => [
    { name, args: [name, "/tmp/x"] },
    { name, args: [`${name}=/tmp/x`] },
  ]);
  return [
    ...listed,
    { name: "--log-file", args: ["--temp", "0", "--log-file", "/tmp/x"] },
    { name: "--log-file", args: ["--jinja", "--log_file=/tmp/x"] },
    { name: "--media-path", args: ["--temp=0", "--media_path", "/"] },
    { name: "--mcp-of-tomorrow", args: ["--mcp_of_tomorrow"] },
    { name: "--no-tools-of-tomorrow", args: ["--no-tools-of-tomorrow"] },
    { name: "--unheard-of", args: ["--unheard-of", "1"] },
    { name: "--temp", args: ["--temp", "--log-file"] },
    { name: "--jinja", args: ["--jinja=--log-file"] },
    { name: "--temp 0 --log-file /tmp/x", args: ["--temp 0 --log-file /tmp/x"] },
    { name: "/tmp/x", args: ["--jinja", "/tmp/x"] },
  ];
}
