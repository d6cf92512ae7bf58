/** A real man in the middle: it answers in a member's place, and relays to the member. */

import { MessageStream } from "../../../src/mesh/base/messages.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { NetworkStream } from "../../../src/mesh/link/network.ts";
import type { PeerId } from "../../../src/mesh/mod.ts";
import { codeOf, commitmentOf, type Ends } from "../../../src/mesh/pairing/code.ts";
import {
  askSchema,
  commitmentSchema,
  nonceSchema,
  PAIR_PROTOCOL,
  revealSchema,
  verdictSchema,
} from "../../../src/mesh/pairing/messages.ts";
import { RawGuest } from "./visits.ts";

interface Talk {
  readonly guest: MessageStream;
  readonly studio: MessageStream;
  /** By which the guest knows who is in the middle, and the guest itself. */
  readonly ends: Pick<Ends, "member" | "newcomer">;
  /** The same towards the member. */
  readonly further: Pick<Ends, "member" | "newcomer">;
}

type Relay = (talk: Talk) => Promise<void>;

/** Stands where a newcomer hears the mesh, and asks the real member in its place. */
export class Middle implements AsyncDisposable {
  readonly #key = SigningKey.generate();
  readonly #network = startLibp2p(this.#key);
  readonly #towards = new RawGuest();
  readonly #studio: string;

  /** @param studio where the member listens: `127.0.0.1:47001` */
  constructor(studio: string) {
    this.#studio = studio;
  }

  /** The UDP port on which it does so. */
  async listen(relay: Relay): Promise<number> {
    const network = await this.#network;
    network.handle(PAIR_PROTOCOL, 1, (stream, { peer }) => void this.#serve(stream, peer, relay));
    return await network.bind(null);
  }

  async #serve(stream: NetworkStream, newcomer: PeerId, relay: Relay): Promise<void> {
    const { stream: onward, connection } = await this.#towards.openAt(this.#studio);
    await relay({
      guest: new MessageStream(stream, 16_384),
      studio: new MessageStream(onward, 16_384),
      ends: { member: peerIdOf(this.#key.publicKey), newcomer },
      further: { member: connection.peer, newcomer: this.#towards.self },
    }).catch(() => undefined);
    stream.reset(new Error("The middle hangs up"));
    onward.reset(new Error("The middle hangs up"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#network).stop();
    await this.#towards[Symbol.asyncDispose]();
  }
}

/** Passes on what both say, as it is. */
export const passOn: Relay = async ({ guest, studio }) => {
  await studio.write(await guest.expect(askSchema, "request"));
  await guest.write(await studio.expect(commitmentSchema, "commitment"));
  await studio.write(await guest.expect(nonceSchema, "nonce"));
  await guest.write(await studio.expect(revealSchema, "other nonce"));
  await guest.write(await studio.expect(verdictSchema, "verdict"));
};

const ownNonce = () => crypto.getRandomValues(new Uint8Array(32));

/** Has a nonce of its own towards either, and its own commitment. */
export const speakForBoth: Relay = async ({ guest, studio, ends }) => {
  const nonce = ownNonce();
  await studio.write(await guest.expect(askSchema, "request"));
  const first = await studio.expect(commitmentSchema, "commitment");
  await studio.write({ nonce: ownNonce() });
  const { mark } = await studio.expect(revealSchema, "other nonce");
  await guest.write({ ...first, commitment: commitmentOf({ ...ends, mark }, nonce) });
  await guest.expect(nonceSchema, "nonce");
  await guest.write({ nonce, mark });
  await guest.write(await studio.expect(verdictSchema, "verdict"));
  // Until the guest has read it: a reset takes back what is still on its way.
  await guest.read(verdictSchema, "nothing");
};

/** Once it knows the other's nonce it looks for one of its own that makes the codes equal: that is not the one it is bound to. */
export const changeItsWord: Relay = async ({ guest, studio, ends, further }) => {
  const towards = ownNonce();
  await studio.write(await guest.expect(askSchema, "request"));
  const first = await studio.expect(commitmentSchema, "commitment");
  await studio.write({ nonce: towards });
  const { mark, nonce: theirs } = await studio.expect(revealSchema, "other nonce");
  const wanted = codeOf({ ...further, mark }, { member: theirs, newcomer: towards });
  await guest.write({ ...first, commitment: commitmentOf({ ...ends, mark }, ownNonce()) });
  const { nonce: newcomer } = await guest.expect(nonceSchema, "nonce");
  const nonce = new Uint8Array(32);
  // A thousandth of the work shows what comes of it.
  for (let i = 0; i < 1_000; i++) {
    new DataView(nonce.buffer).setUint32(0, i);
    if (codeOf({ ...ends, mark }, { member: nonce, newcomer }) === wanted) break;
  }
  await guest.write({ nonce, mark });
  // Until the guest hangs up.
  await guest.read(verdictSchema, "nothing");
};
