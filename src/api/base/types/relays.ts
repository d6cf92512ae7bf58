/** One of `GET /api/relays`: a machine that carries data between others, and has no part in the mesh beside that. */
export interface RelayView {
  /** A PeerId. */
  id: string;
  /** In the words of who has added it; `null` where they are not known, as while it is not connected. */
  name: string | null;
  addresses: string[];
  /** This node is connected to it now. */
  connected: boolean;
}

/** The actions on relays that the management routes need; each throws with a sentence for people. */
export interface RelayActions {
  list(): RelayView[];
  /** Takes a relay into the mesh by the claim that it has printed. */
  add(claim: string, name?: string): Promise<RelayView>;
  remove(id: string): Promise<void>;
}
