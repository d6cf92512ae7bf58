import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { hostsOf } from "../lib/answer.ts";
import { branchesOf, type Conversation, type Turn } from "../lib/conversation.ts";
import { FOLLOW_DISTANCE_PX } from "../lib/defaults.ts";
import { nameOf } from "../lib/mesh_view.ts";
import { ChatTurn, type ChatTurnProps } from "./chat_turn.tsx";

interface ChatTurnsProps extends Pick<ChatTurnProps, "canAsk" | "onAgain" | "onEdit" | "onShow"> {
  readonly conversation: Conversation;
  readonly path: readonly Turn[];
  readonly names: ReadonlyMap<string, string>;
  /** Shown where there is no turn. */
  readonly children: ComponentChildren;
}

/** Keeps the end of a growing answer in sight, unless the reader has scrolled up since the question. */
function useFollowEnd(path: readonly Turn[]): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const note = () => {
      const below = element.scrollHeight - element.scrollTop - element.clientHeight;
      follows.current = below < FOLLOW_DISTANCE_PX;
    };
    element.addEventListener("scroll", note, { passive: true });
    return () => element.removeEventListener("scroll", note);
  }, []);
  const last = path.at(-1)?.id;
  useLayoutEffect(() => {
    follows.current = true;
  }, [last]);
  useLayoutEffect(() => {
    if (follows.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [path]);
  return box;
}

export function ChatTurns({ conversation, path, names, children, ...rest }: ChatTurnsProps) {
  const box = useFollowEnd(path);
  return (
    <div class="turns" ref={box} tabIndex={0} role="log" aria-live="off" aria-label="Conversation">
      <div class="turns-column">
        {children}
        {path.map((turn) => (
          <ChatTurn
            key={turn.id}
            turn={turn}
            branches={branchesOf(conversation, turn.parent)}
            hosts={hostsOf(turn.answer).map((host) => nameOf(names, host))}
            {...rest}
          />
        ))}
      </div>
    </div>
  );
}
