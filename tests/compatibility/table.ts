import packageJson from "../../package.json" with { type: "json" };
import type { Case } from "./case.ts";

const VERSIONS: Readonly<Record<string, string>> = packageJson.devDependencies;

/** The page's table: every row passed through both nodes when it was written. */
export function tableOf(cases: readonly Case[]): string {
  const clients = [...new Set(cases.map(({ client }) => client))];
  const rows = clients.flatMap((client) => {
    const features = cases.filter((one) => one.client === client).map(({ feature }) => feature);
    const version = VERSIONS[client] === undefined ? "" : ` ${VERSIONS[client]}`;
    return features.map((feature) => `| ${client}${version} | ${feature} | yes | yes |`);
  });
  return [
    "| client | feature | through a host | through a client node |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** The same page with its table replaced. */
export function withTable(page: string, table: string): string {
  return page.replace(/(?<=<!-- table -->\n)[^]*(?=<!-- end -->)/, () => table);
}
