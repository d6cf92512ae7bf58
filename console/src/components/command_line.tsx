import { CopyButton } from "./copy_button.tsx";

interface CommandLineProps {
  readonly label: string;
  readonly command: string;
  /** Names the line for tests and for who helps a user over the phone. */
  readonly id: string;
}

/** One command, whole when copied, on one line when shown. */
export function CommandLine({ label, command, id }: CommandLineProps) {
  return (
    <div class="command" id={id}>
      <span class="command-label">{label}</span>
      <div class="command-box">
        <code tabIndex={0} title={command}>{command}</code>
        <CopyButton text={command} what={label.toLowerCase()} />
      </div>
    </div>
  );
}
