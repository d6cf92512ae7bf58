/** A formula for Homebrew, on macOS and Linux. Pure: it goes into a tap by hand or by whoever keeps one. */

import { archiveName } from "./names.ts";

export interface FormulaOptions {
  readonly version: string;
  readonly repository: string;
  /** The archive's SHA-256 for each target. */
  readonly digests: ReadonlyMap<string, string>;
}

const SYSTEMS = [["macos", "darwin"], ["linux", "linux"]] as const;
const PROCESSORS = [["arm", "arm64"], ["intel", "x64"]] as const;

export function formulaOf({ version, repository, digests }: FormulaOptions): string {
  const lines = SYSTEMS.flatMap(([system, os]) => {
    const inside = PROCESSORS.flatMap(([processor, arch]) => {
      const target = `${os}-${arch}`;
      const digest = digests.get(target);
      if (digest === undefined) return [];
      return [
        `    on_${processor} do`,
        `      url "${repository}/releases/download/v${version}/${archiveName(version, target)}"`,
        `      sha256 "${digest}"`,
        "    end",
      ];
    });
    return inside.length === 0 ? [] : [`  on_${system} do`, ...inside, "  end", ""];
  });
  return `class MeshLlm < Formula
  desc "Pools the memory of several machines for large language models"
  homepage "${repository}"
  version "${version}"
  license "MIT"

${lines.join("\n")}
  def install
    bin.install "mesh-llm"
    bash_completion.install "completions/mesh-llm.bash" => "mesh-llm"
    zsh_completion.install "completions/_mesh-llm"
    fish_completion.install "completions/mesh-llm.fish"
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/mesh-llm --version").strip
  end
end
`;
}
